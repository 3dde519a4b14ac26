"""The situations, one a line; `notation` says how to read them. A, B and C are enrolled, S and T are not."""

from __future__ import annotations

from tests.benchmarks.identity.notation import situation
from tests.benchmarks.identity.script import Situation

SITUATIONS: tuple[Situation, ...] = (
    # Somebody comes to where somebody else was.
    situation("B comes 0.1 s after A", 10.6, "A 1-4.5 | B 4.6-8.1"),
    situation("B comes 0.3 s after A", 10.8, "A 1-4.5 | B 4.8-8.3"),
    situation("B comes 0.5 s after A", 11.0, "A 1-4.5 | B 5-8.5"),
    situation("B comes 1 s after A", 11.5, "A 1-4.5 | B 5.5-9"),
    situation("B comes 1.7 s after A", 12.2, "A 1-4.5 | B 6.2-9.7"),
    situation("B comes 3 s after A", 13.5, "A 1-4.5 | B 7.5-11"),
    situation("B comes 5 s after A", 15.5, "A 1-4.5 | B 9.5-13"),
    situation("B at 1.3 face widths beside as A vanishes", 10.5, "A 1-4.5 | B 4.5-8 beside 1.3"),
    situation("stranger S comes 0.5 s after A", 11.0, "A 1-4.5 | S 5-8.5"),
    situation("A comes 0.5 s after stranger S", 11.0, "S 1-4.5 | A 5-8.5"),
    situation("stranger T comes 0.5 s after stranger S", 11.0, "S 1-4.5 | T 5-8.5"),
    situation("a queue of A, B and C, 0.5 s apart", 15.0, "A 1-4.5 | B 5-8.5 | C 9-12.5"),
    situation("hard cut from A to B", 10.5, "A 1-4.5 | B 4.5-8", "cut 4.5"),
    situation("hard cut from A to stranger S", 10.5, "A 1-4.5 | S 4.5-8", "cut 4.5"),
    situation("hard cut from A to B and back", 13.0, "A 1-4 | B 4-7 | A 7-10.5", "cut 4 7"),
    situation("camera pans from A to B", 11.5, "A 1-9 | B 1-9 at 1.5", "pan 4.5:0 5.5:1"),
    situation("camera pans from A to B and back", 15.5, "A 1-13 | B 1-13 at 1.5", "pan 4.5:0 5.5:1 8.5:1 9.5:0"),
    # Somebody is covered.
    situation("B steps in front of A, who stays", 13.5, "A 1-11 | B 3.5-8.5 at -.3 .5 .5 .5 .5 1.3 size .36"),
    situation("B steps in front of A, who is gone after", 13.5, "A 1-6 | B 3.5-8.5 at -.3 .5 .5 .5 .5 1.3 size .36"),
    situation("B stays in front of A", 11.5, "A 1-5 | B 3.5-9 at -.3 .5 .5 .5 .5 .5 size .36"),
    # The picture is lost for a while.
    situation("lights off 0.6 s, then B", 10.6, "A 1-4.8 | B 4.8-8.1", "dark 4.5-5.1"),
    situation("lights off 1.2 s, then B", 11.2, "A 1-5 | B 5-8.7", "dark 4.5-5.7"),
    situation("lights off 0.6 s, A stays", 10.6, "A 1-8.1", "dark 4.5-5.1"),
    situation("lights off 1.2 s, A stays", 11.2, "A 1-8.7", "dark 4.5-5.7"),
    situation("frozen picture, then B", 12.0, "A 1-5.5 | B 5.5-9.5", "frozen 4.5-6.5"),
    situation("frozen picture, A stays", 12.0, "A 1-9.5", "frozen 4.5-6.5"),
    # Two people at once.
    situation("A and B cross slowly", 12.5, "A 1-10 at .27 .27 .73 .73 | B 1-10 at .73 .73 .27 .27"),
    situation("A and B cross quickly", 9.5, "A 1-7 at .27 .27 .27 .73 .73 .73 | B 1-7 at .73 .73 .73 .27 .27 .27"),
    situation(
        "A and B cross, A farther away",
        12.5,
        "A 1-10 at .2 .2 .8 .8 y .42 size .2 | B 1-10 at .75 .75 .25 .25 y .55 size .33",
    ),
    situation("A and B walk through, each their way", 9.0, "A 1-6.5 at -.25 1.25 | B 1-6.5 at 1.25 -.25"),
    situation("A and B meet, and turn back", 12.5, "A 1-10 at .2 .2 .37 .2 .2 | B 1-10 at .8 .8 .63 .8 .8"),
    situation("A and stranger S cross slowly", 12.5, "A 1-10 at .27 .27 .73 .73 | S 1-10 at .73 .73 .27 .27"),
    situation(
        "A and B swap seats, away for 0.6 s", 11.5, "A 1-4.5 at .27 | B 1-4.5 at .73 | A 5.1-9 at .73 | B 5.1-9 at .27"
    ),
    situation(
        "A and B swap seats in the dark",
        11.7,
        "A 1-5 at .27 | B 1-5 at .73 | A 5-9.2 at .73 | B 5-9.2 at .27",
        "dark 4.5-5.7",
    ),
    situation("A and B side by side, A leaves", 11.5, "A 1-5 at .27 | B 1-9 at .73"),
    situation("A and B, then B is replaced by C", 11.5, "A 1-9 at .27 | B 1-4.5 at .73 | C 4.9-9 at .73"),
    situation("A and B, then C and stranger S", 11.5, "A 1-4.5 at .27 | B 1-4.5 at .73 | C 5-9 at .27 | S 5-9 at .73"),
    # One visit, whatever happens in it.
    situation("A stays 30 s", 33.5, "A 1-31"),
    situation("A turns away 2 s", 11.5, "A 1-9 turns 4-6.4"),
    situation("stranger S turns away 2 s", 11.5, "S 1-9 turns 4-6.4"),
    situation("A shakes the head", 10.5, "A 1-8 shakes 3-6.5"),
    situation("A nods", 10.5, "A 1-8 nods 3-6.5"),
    situation("camera shakes", 10.5, "A 1-8", "shakes 3-6"),
    situation("A walks across", 9.0, "A 1-6.5 at -.25 1.25"),
    situation("A walks across quickly", 6.5, "A 1-3.8 at -.25 1.25"),
    situation("A comes closer", 10.5, "A 1-8 size .22 .22 .36 .36"),
    situation("A goes away", 10.5, "A 1-8 size .36 .36 .22 .22"),
    situation("light fades to half", 12.5, "A 1-10", "light 3:1 6:.5"),
    situation("light grows by a third", 12.5, "A 1-10", "light 3:1 6:1.35"),
    # Somebody comes again.
    situation("A leaves and comes back after 1 s", 11.5, "A 1-4.5 | A 5.5-9"),
    situation("A leaves and comes back after 3 s", 13.5, "A 1-4.5 | A 7.5-11"),
    situation("A leaves and comes back after 8 s", 18.5, "A 1-4.5 | A 12.5-16"),
)
