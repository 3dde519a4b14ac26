// Streams pictures as one camera, and prints whom the server sees: node stream.mjs lobby frames/*.jpg
//
// All of the protocol that a client must keep: Open first, number the frames from 1 after the durable one, spend no more
// than the credit, answer heartbeats, end with Finish. After a cut it opens again, and sends what was not acknowledged.

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import protoLoader from "@grpc/proto-loader";

const PROTOS = fileURLToPath(new URL("../../../../protos", import.meta.url));
const ATTEMPTS = 10;
const RATE = 5;
// Who it is was decided, or decided otherwise by a better look.
const DECIDED = new Set(["TRACK_STATE_CONFIRMED", "TRACK_STATE_REVISED"]);

const definition = protoLoader.loadSync(["portero/v1/recognition_service.proto", "portero/v1/camera_service.proto"], {
  includeDirs: [PROTOS],
  longs: Number,
  enums: String,
  oneofs: true,
});
const { v1 } = grpc.loadPackageDefinition(definition).portero;
const address = process.env.PORTERO_SERVER ?? "127.0.0.1:50051";
const metadata = new grpc.Metadata();
if (process.env.PORTERO_TOKEN) metadata.set("authorization", `Bearer ${process.env.PORTERO_TOKEN}`);
// With TLS: grpc.credentials.createSsl(readFileSync("ca.crt")).
const credentials = grpc.credentials.createInsecure();

const timestamp = (milliseconds) => ({
  seconds: Math.floor(milliseconds / 1000),
  nanos: Math.round(milliseconds % 1000) * 1e6,
});

function registered(camera) {
  const service = new v1.CameraService(address, credentials);
  const request = { cameraId: camera, camera: { displayName: camera } };
  return new Promise((resolve, reject) =>
    service.CreateCamera(request, metadata, (error) => {
      service.close();
      if (error && error.code !== grpc.status.ALREADY_EXISTS) reject(error);
      else resolve();
    }),
  );
}

// One session. Resolves with the account once everything is durable, and rejects when the stream is cut.
function session(service, camera, epoch, frames) {
  return new Promise((resolve, reject) => {
    const call = service.StreamFrames(metadata);
    let next = null; // Index of the next frame to send; null until the server said where to begin.
    let credit = { frames: 0, bytes: 0 };
    const spent = { frames: 0, bytes: 0 };
    let account = null;
    let finishing = false;
    let flowing = true;

    const send = () => {
      while (next !== null && flowing && next < frames.length) {
        const { jpeg, capturedAt } = frames[next];
        if (spent.frames + 1 > credit.frames || spent.bytes + jpeg.length > credit.bytes) return;
        spent.frames += 1;
        spent.bytes += jpeg.length;
        next += 1;
        flowing = call.write({ frame: { sequence: next, captureTime: timestamp(capturedAt), jpeg } });
      }
      if (next === frames.length && !finishing) {
        finishing = true;
        call.write({ finish: {} });
      }
    };

    call.on("drain", () => {
      flowing = true;
      send();
    });
    call.on("data", (answer) => {
      switch (answer.message) {
        case "opened":
          next = answer.opened.durableSequence ?? 0;
          credit = answer.opened.credit;
          send();
          break;
        case "ack":
          credit = answer.ack.credit;
          send();
          break;
        case "heartbeat":
          call.write({ heartbeat: { sendTime: timestamp(Date.now()), answeredTime: answer.heartbeat.sendTime } });
          break;
        case "trackUpdate":
          if (DECIDED.has(answer.trackUpdate.state)) {
            console.log(`frame ${answer.trackUpdate.sequence}: ${answer.trackUpdate.match?.displayName ?? "unknown"}`);
          }
          break;
        case "frameRejected":
          console.error(`frame ${answer.frameRejected.sequence} refused: ${answer.frameRejected.message}`);
          break;
        case "drain":
          call.cancel(); // The server is going away; the next session continues elsewhere.
          break;
        case "finished":
          account = answer.finished.account;
          call.end();
          break;
      }
    });
    call.on("error", reject);
    call.on("end", () => (account ? resolve(account) : reject(new Error("the server ended the stream"))));
    call.write({
      open: {
        camera: `cameras/${camera}`,
        epoch,
        mode: "DELIVERY_MODE_LOSSLESS",
        sendTime: timestamp(Date.now()),
        agent: "portero-node-example/1",
      },
    });
  });
}

const [camera, ...files] = process.argv.slice(2);
if (!files.length) {
  console.error("usage: node stream.mjs CAMERA PICTURE.jpg ...");
  process.exit(2);
}
const began = Date.now() - (files.length / RATE) * 1000;
const frames = files.map((file, index) => ({ jpeg: readFileSync(file), capturedAt: began + (index / RATE) * 1000 }));
const epoch = randomUUID();
// Only what waiting can change is tried again.
const passing = new Set([grpc.status.UNAVAILABLE, grpc.status.RESOURCE_EXHAUSTED, grpc.status.CANCELLED, undefined]);

try {
  await registered(camera);
  for (let attempt = 1; ; attempt += 1) {
    const service = new v1.RecognitionService(address, credentials);
    try {
      console.log(JSON.stringify(await session(service, camera, epoch, frames)));
      break;
    } catch (error) {
      if (!passing.has(error.code) || attempt === ATTEMPTS) throw error;
      console.error(`${error.message}; trying again`);
      await new Promise((done) => setTimeout(done, Math.random() * Math.min(5_000, 200 * 2 ** attempt)));
    } finally {
      service.close();
    }
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
