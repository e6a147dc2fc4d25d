"""What a Look says of a shot, in the words of film: its size, how the camera moves, and from what angle."""

from sandbox.seen import Look

# By how much detail a picture has, the least first.
SHOT_SIZES = (
    *((1.8, "extreme_close_up"), (3.2, "close_up"), (4.4, "medium_shot"), (5.2, "wide_shot")),
    (float("inf"), "extreme_wide_shot"),
)
# By where the horizon stands, from the top: a camera that looks down has it high up.
ANGLES = ((0.45, "high_angle"), (0.72, "eye_level"), (float("inf"), "low_angle"))
GROWN = 0.01
MOVED = 0.005


def of_look(look: Look) -> dict[str, str]:
    return {
        "shot_size": next(name for most, name in SHOT_SIZES if look.detail < most),
        "camera_movement": _movement(look),
        "angle": next(name for most, name in ANGLES if look.horizon < most),
    }


def _movement(look: Look) -> str:
    """What is seen goes left where the camera goes right."""
    if abs(look.growth - 1) > GROWN:
        return "push_in" if look.growth > 1 else "pull_out"
    if max(abs(look.right), abs(look.down)) < MOVED:
        return "static"
    if abs(look.right) >= abs(look.down):
        return "pan_left" if look.right > 0 else "pan_right"
    return "tilt_up" if look.down > 0 else "tilt_down"
