// The words of the page's language, and how numbers, dates and durations are written in it.

const language = document.documentElement.lang;
const response = await fetch(new URL(`./words/${language}.json`, import.meta.url));
const words = await response.json();
// Numbers and dates as in the country of the browser, where it speaks the page's language.
const locale = navigator.languages.find((each) => each.split("-")[0] === language) ?? language;

export function has(key) {
  return Object.hasOwn(words, key);
}

// Returns the words of a key, with what stands in {braces} put in.
export function t(key, values = {}) {
  const text = words[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (Object.hasOwn(values, name) ? String(values[name]) : whole));
}

// Returns the words of a number: KEY.one or KEY.other.
export function count(key, number) {
  const form = new Intl.PluralRules(locale).select(number) === "one" ? "one" : "other";
  return t(`${key}.${form}`, { number: new Intl.NumberFormat(locale).format(number) });
}

export function percent(ratio) {
  return new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 }).format(ratio);
}

export function number(value, digits = 0) {
  return new Intl.NumberFormat(locale, { maximumFractionDigits: digits }).format(value);
}

export function dollars(value) {
  const digits = value !== 0 && Math.abs(value) < 1 ? 3 : 2;
  return new Intl.NumberFormat(locale, {
    style: "currency", currency: "USD", currencyDisplay: "narrowSymbol", minimumFractionDigits: 2, maximumFractionDigits: digits,
  }).format(value);
}

export function dateAndTime(iso) {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "medium" }).format(new Date(iso));
}

export function date(iso) {
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(new Date(iso));
}

export function clock(moment) {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" }).format(moment);
}

// Returns a time of day in a time zone, as "08:05".
export function timeIn(iso, zone) {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone }).format(new Date(iso));
}

// Returns the day that it is in a time zone, as "2026-03-02"; days are written so wherever they are no words.
export function dayIn(zone, moment = new Date()) {
  const parts = new Intl.DateTimeFormat("en", { year: "numeric", month: "2-digit", day: "2-digit", timeZone: zone }).formatToParts(moment);
  const part = (type) => parts.find((each) => each.type === type).value;
  return `${part("year")}-${part("month")}-${part("day")}`;
}

const inWords = (day, style) => new Intl.DateTimeFormat(locale, { ...style, timeZone: "UTC" }).format(new Date(`${day}T00:00:00Z`));
export const dayName = (day) => inWords(day, { dateStyle: "full" });
export const monthName = (day) => inWords(day, { month: "long", year: "numeric" });

export function shiftDay(day, days) {
  const moved = new Date(`${day}T00:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}

// Returns the first and the last day of the month of a day.
export function monthOf(day) {
  const first = `${day.slice(0, 7)}-01`;
  return [first, shiftDay(`${shiftMonth(day.slice(0, 7), 1)}-01`, -1)];
}

export function shiftMonth(month, months) {
  const moved = new Date(`${month}-01T00:00:00Z`);
  moved.setUTCMonth(moved.getUTCMonth() + months);
  return moved.toISOString().slice(0, 7);
}

const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];

// Returns how long ago a time was, as "2 minutes ago".
export function ago(iso, now = Date.now()) {
  const seconds = Math.min(0, Math.round((new Date(iso).getTime() - now) / 1000));
  const [unit, length] = STEPS.find(([, each]) => -seconds >= each) ?? STEPS.at(-1);
  return new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" }).format(Math.trunc(seconds / length), unit);
}

// Returns the seconds of an ISO 8601 duration, as the server writes it: "PT1.25S", "P1DT2H"; null stays null.
export function secondsOf(duration) {
  if (duration === null || duration === undefined) return null;
  const found = /^(-?)P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(duration);
  if (!found) return null;
  const [, sign, days = 0, hours = 0, minutes = 0, seconds = 0] = found;
  return (sign ? -1 : 1) * (Number(days) * 86400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds));
}

export function inSeconds(seconds) {
  return new Intl.NumberFormat(locale, {
    style: "unit", unit: "second", unitDisplay: "short", maximumFractionDigits: seconds < 10 ? 1 : 0,
  }).format(seconds);
}
