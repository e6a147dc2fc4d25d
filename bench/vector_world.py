"""Vectors as models make them, which the database mixes from a few parts that are drawn here."""

import random
from collections.abc import Sequence

THEMES = 400
OF_A_TEAM = 40  # themes that one team's clips are about
NOISES = 1_000
WAYS = 48

MIXED = """
SELECT made.id, l2_normalize(theme.centre + theme.spread * (one.part + other.part))::halfvec AS vector
FROM {} JOIN theme ON theme.id = made.theme JOIN noise AS one ON one.id = made.one
JOIN noise AS other ON other.id = made.other
"""
_NOISE = """
INSERT INTO noise SELECT %s, sum(direction * array_fill(step, ARRAY[%s])::vector)
FROM unnest(%s::real[]) WITH ORDINALITY AS steps (step, number) JOIN way ON way.id = number - 1
"""
_ONE = MIXED.format("(VALUES (0, %s, %s, %s)) AS made (id, theme, one, other)")


class World:
    """Vectors as models make them: not spread evenly, but in clusters that differ in size and width.

    A mixture of Gaussians on the sphere: THEMES centres round one common direction (embeddings of real models share
    one), each vector a centre with noise of its own of about the same length, more of it in some dimensions. The noise
    goes WAYS ways, each less far than the one before, as few directions explain most of what real ones differ by; it is
    the sum of two out of NOISES. Each team's clips are about OF_A_TEAM of the themes, some of them often. The database
    adds and multiplies; here only the parts are drawn.
    """

    def __init__(self, dims: int, *, teams: int) -> None:
        from django.db import connection

        self.numbers = random.Random(7)
        self.dims = dims
        self.themes_of = [self.numbers.sample(range(THEMES), OF_A_TEAM) for _ in range(teams)]
        common = [0.5 * part for part in self._drawn(1.0)]
        scale = [self.numbers.uniform(0.5, 1.5) for _ in range(dims)]
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS theme, noise")
            cursor.execute("CREATE TEMP TABLE theme (id int PRIMARY KEY, centre vector, spread vector)")
            cursor.execute("CREATE TEMP TABLE noise (id int PRIMARY KEY, part vector)")
            for number in range(THEMES):
                width = self.numbers.uniform(0.6, 1.2)
                centre = [each + part for each, part in zip(common, self._drawn(1.0), strict=True)]
                spread = [width * each for each in scale]
                cursor.execute("INSERT INTO theme VALUES (%s, %s, %s)", [number, as_text(centre), as_text(spread)])
            cursor.execute("CREATE TEMP TABLE way (id int PRIMARY KEY, direction vector)")
            for number in range(WAYS):
                cursor.execute("INSERT INTO way VALUES (%s, %s)", [number, as_text(self._drawn(1.0))])
            weights = [(number + 1) ** -0.5 for number in range(WAYS)]
            length = sum(weight**2 for weight in weights) ** 0.5 * 2**0.5
            for number in range(NOISES):
                steps = [self.numbers.gauss(0.0, weight / length) for weight in weights]
                cursor.execute(_NOISE, [number, dims, steps])
            cursor.execute("DROP TABLE way")

    def mixed(self, team: int, count: int) -> list[list[int]]:
        """What each of so many vectors is made of: its theme, and two noises."""
        weights = [1 / rank for rank in range(1, OF_A_TEAM + 1)]
        themes = self.numbers.choices(self.themes_of[team], weights, k=count)
        return [themes, *([self.numbers.randrange(NOISES) for _ in range(count)] for _ in range(2))]

    def query(self, team: int) -> list[float]:
        """About one of the team's themes, in other words."""
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(_ONE, [part[0] for part in self.mixed(team, 1)])
            return [float(part) for part in cursor.fetchone()[1].strip("[]").split(",")]

    def _drawn(self, length: float) -> list[float]:
        """A vector of about this length, in any direction."""
        deviation = length / self.dims**0.5
        return [self.numbers.gauss(0.0, deviation) for _ in range(self.dims)]


def as_text(vector: Sequence[float]) -> str:
    return f"[{','.join(f'{part:.5f}' for part in vector)}]"
