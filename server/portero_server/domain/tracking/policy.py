"""How tracks are formed, when the engine is asked, and when the identity of a track is doubted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FaceDistances:
    """Which distances between two encodings are those of one face. Each encoder has its own; these are dlib's.

    Attributes:
        same, perhaps, lead: See `IdentityPolicy`.
        recalled, recalled_lead: See `distance` and `lead` of `memory.MemoryPolicy`.
    """

    same: float = 0.52
    perhaps: float = 0.6
    lead: float = 0.05
    recalled: float = 0.4
    recalled_lead: float = 0.1


DLIB_DISTANCES = FaceDistances()


@dataclass(frozen=True, slots=True)
class IdentityPolicy:
    """When it is doubtful that a track still follows the same person, and when two faces are one person's.

    Distances are Euclidean, between encodings of the local engine; those here are dlib's. Of pairs of shots of one
    visit all were within 0.59 (95 % within 0.41 in good light, 0.49 in dim light, 0.57 out of focus); of pairs of two
    people the nearest was at 0.52, and 0.2 % were within 0.60.

    Attributes:
        same: A face at most this far from one of a track's faces is the track's.
        perhaps: A face at most this far may be; a second shot that says the same settles it. Beyond, it is another
            person's.
        lead: The nearest track must be nearer than the next by this much.
        least_quality: A shot of less quality, 0..1, is not compared.
        sure_quality: A shot of at least this quality shows another person at once; a poorer one needs a second.
        attempts: Inconclusive comparisons after which the face is taken for another person's.
        every: A face that stays is compared again after so many seconds, although nothing is doubtful; 0: never.
        resemblance: Least correlation, -1..1, of two patches in consecutive looks for which nothing is doubtful: of one
            person who stays 0.3 % were below it, who shakes the head a quarter, and of two people all but those of
            faces averaged from others.
        jump: A face so many times as large, or as small, as in the look before is doubtful.
        near: Whoever comes or goes within so many face widths makes a face doubtful.
        apart: Of two faces nearer to each other than so many widths one may cover the other: heads side by side are
            farther apart. An encoding of a face of which a third is covered is as far from the person's own as
            another person's, so neither is compared.
        crowd: Two ways to continue a track whose scores differ by less are doubtful; see `assignment.kinship`.
        pause: Seconds without a look, after which a face is doubtful.
        scene: Share of the picture, 0..1, that must have changed beyond what had in the look before, for every face
            to be doubtful: a cut, or the light.

    A decided track that was reported as left can be continued by the same face until it is outdated.
    """

    same: float = DLIB_DISTANCES.same
    perhaps: float = DLIB_DISTANCES.perhaps
    lead: float = DLIB_DISTANCES.lead
    least_quality: float = 0.05
    sure_quality: float = 0.15
    attempts: int = 3
    every: float = 5.0
    resemblance: float = 0.85
    jump: float = 1.6
    near: float = 2.0
    apart: float = 1.25
    crowd: float = 0.3
    pause: float = 1.0
    scene: float = 0.3


@dataclass(frozen=True, slots=True)
class TrackPolicy:
    """How tracks are formed and when the engine is asked.

    Attributes:
        min_iou: Least overlap of a face with the place where a track's face is expected, to be the same face.
        reach: When boxes do not overlap enough (fast walkers, low rates), how far a face's center may be from
            there, in face widths.
        max_lost, max_misses: A track ends after so many seconds and so many frames
            without the face; both, so that a camera at one frame in five seconds keeps its tracks.
        longest_gap: A track ends after so many seconds in which its face was not seen, however few
            frames came: whoever stands there an hour later is not taken for the guest before. All these seconds
            are those of the clock that says more, the camera's or the server's, and a camera's clock that was set
            back ends every track.
        good_quality: A shot this good is sent at once.
        poor_quality: A shot below this is never sent.
        better_by: A later shot must be this many times as good to be worth another call.
        patience: Seconds after which the best shot so far is sent although it is not good, or, to confirm a provisional
            name, although it is not as good as the one before.
        max_calls: Most calls a track.
        retry_pause, longest_retry_pause: Seconds before a call that got no answer is made again; it doubles with
            each failure, up to the longest. A face that stays is asked about again however long an outage lasts.
        unclear_below: If a score of its best view is below this, 0..1, that is why a face is nobody's: it is too small,
            turned away, blurred or badly lit. 0.35 is 14 pixels between the eyes, a face of about 34 pixels.
        min_hits: A track seen in fewer looks and not named is taken for a false alarm.
        deadline: Seconds from the receipt of its first frame after which a track is decided whatever is known.
        identity: When it is doubtful that a track still follows the same person. None: nothing can compare faces, so
            that only an absence that was seen tells one person from the next.
    """

    min_iou: float = 0.25
    reach: float = 1.5
    max_lost: float = 1.5
    max_misses: int = 2
    longest_gap: float = 10.0
    good_quality: float = 0.25
    poor_quality: float = 0.02
    better_by: float = 1.4
    patience: float = 0.4
    max_calls: int = 3
    retry_pause: float = 0.2
    longest_retry_pause: float = 2.0
    unclear_below: float = 0.35
    min_hits: int = 2
    deadline: float = 2.0
    identity: IdentityPolicy | None = None
