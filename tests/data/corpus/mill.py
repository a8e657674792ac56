"""A mill and what it grinds."""

from __future__ import annotations

import dataclasses

GRAINS = ("wheat", "rye", "barley")


@dataclasses.dataclass
class Mill:
    """Turns grain into flour."""

    name: str
    wheels: int = 1

    def grind(self, grain: str, sacks: int) -> int:
        """Pounds of flour from so many sacks."""
        if grain not in GRAINS:
            raise ValueError(f"{grain} is no grain")
        return sacks * self.wheels * 40

    def stop(self) -> None:
        for wheel in range(self.wheels):
            print("wheel", wheel, "stands still")


def richest(mills: list[Mill]) -> Mill:
    """The mill with the most wheels."""
    def wheels(mill: Mill) -> int:
        return mill.wheels

    return max(mills, key=wheels)


if __name__ == "__main__":
    print(richest([Mill("a"), Mill("b", 3)]).grind("rye", 2))
