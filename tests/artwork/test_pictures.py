"""Scores, gates, crops, titles and files of single pictures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from frontrow.artwork import composition, exposure, gates, likeness, overlay, quality, sharpness, text
from frontrow.artwork.crop import SHAPES, TITLE_SIZE, Box, crop
from frontrow.artwork.encode import MOST_BYTES, encode
from frontrow.artwork.faces import Face, characters


def photograph(seed: int = 1, height: int = 270, width: int = 480) -> np.ndarray:
    """Something like a photograph: overlapping shapes with soft shading and a little texture."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (width, height), tuple(int(x) for x in rng.integers(60, 160, 3)))
    pen = ImageDraw.Draw(image)
    for _ in range(60):
        x, y, r = rng.integers(width), rng.integers(height), rng.integers(8, 70)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=tuple(int(c) for c in rng.integers(20, 230, 3)))
    pixels = np.asarray(image, np.float32) + rng.normal(0, 1.5, (height, width, 3))
    return np.clip(pixels, 0, 255).astype(np.uint8)


def luma(picture: np.ndarray) -> np.ndarray:
    return picture.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)


def odds(picture: np.ndarray) -> float:
    return quality.log_odds(sharpness.measure(luma(picture)), exposure.measure(picture))


def blurred(picture: np.ndarray) -> np.ndarray:
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(2)))


def noisy(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture + np.random.default_rng(0).normal(0, 15, picture.shape), 0, 255).astype(np.uint8)


def blocky(picture: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=8)
    return np.asarray(Image.open(file))


def dark(picture: np.ndarray) -> np.ndarray:
    return (picture * 0.4).astype(np.uint8)


@pytest.mark.parametrize("damage", [blurred, noisy, blocky, dark])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_damaged_copy_scores_less(damage: object, seed: int) -> None:
    picture = photograph(seed)
    assert odds(picture) > odds(damage(picture))  # type: ignore[operator]


def test_noise_is_estimated_within_a_third() -> None:
    flat = np.full((200, 200), 120, np.float32) + np.random.default_rng(0).normal(0, 5, (200, 200)).astype(np.float32)
    assert sharpness.noise_level(flat) == pytest.approx(5, rel=0.33)


def verdict(picture: np.ndarray) -> str | None:
    small = picture
    salient = composition.saliency(small)
    return gates.refuse(
        exposure.measure(picture),
        sharpness.measure(luma(picture)),
        composition.measure(small, salient),
        text.measure(luma(picture)),
    )


def card(lines: int) -> np.ndarray:
    image = Image.new("RGB", (480, 270), (8, 8, 10))
    pen = ImageDraw.Draw(image)
    for line in range(lines):
        pen.text((60, 20 + 26 * line), "DIRECTED BY SOMEBODY KNOWN", fill=(240, 240, 240), font_size=22)
    return np.asarray(image)


def test_pictures_that_nobody_wants_are_refused_with_a_reason() -> None:
    assert verdict(photograph()) is None
    assert verdict(np.full((270, 480, 3), 4, np.uint8)) == "black"
    assert verdict(np.full((270, 480, 3), 250, np.uint8)) == "flash"
    assert verdict(card(1)) in {"title card", "black"}
    assert verdict(card(9)) in {"title card", "credits"}
    assert verdict(np.asarray(Image.fromarray(photograph()).filter(ImageFilter.GaussianBlur(9)))) == "blurred"


def test_from_the_first_credits_on_everything_is_credits() -> None:
    reasons = [None, "credits", None, None, None, None, "credits", None, "credits", "title card"]
    at_s = [10.0 * k for k in range(10)]
    assert gates.credits_start(at_s, reasons, 100.0) == 60.0
    assert gates.credits_start(at_s, [None] * 10, 100.0) == float("inf")


faces_anywhere = st.lists(
    st.builds(
        lambda x, y, w, h: Face(x, y, min(1, x + w), min(1, y + h), 0.9, 1.0),
        st.floats(0.02, 0.9), st.floats(0.02, 0.7), st.floats(0.03, 0.09), st.floats(0.05, 0.25),
    ),
    max_size=1,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(faces=faces_anywhere, shape=st.sampled_from(sorted(SHAPES)), seed=st.integers(0, 5))
def test_a_crop_has_its_shape_lies_inside_and_keeps_a_face_whole(faces: list[Face], shape: str, seed: int) -> None:
    width, height = 1280, 720
    found = crop(shape, width, height, composition.saliency(photograph(seed)), faces)
    box = found.box
    assert -1e-9 <= box.left < box.right <= 1 + 1e-9
    assert -1e-9 <= box.top < box.bottom <= 1 + 1e-9
    assert (box.right - box.left) * width / ((box.bottom - box.top) * height) == pytest.approx(SHAPES[shape], rel=0.01)
    for face in faces:
        assert box.left <= face.left + 1e-6
        assert face.right <= box.right + 1e-6
        assert found.faces_whole


def test_the_title_goes_where_nothing_is() -> None:
    picture = np.full((270, 480, 3), 90, np.uint8)
    picture[:150] = photograph()[:150]
    found = crop("16:9", 480, 270, composition.saliency(picture), [])
    assert found.title.top > 0.5
    assert found.title.right - found.title.left == pytest.approx(TITLE_SIZE[0])


@settings(max_examples=30, deadline=None)
@given(level=st.integers(0, 255), seed=st.integers(0, 3))
def test_behind_a_title_white_has_the_contrast_of_wcag(level: int, seed: int) -> None:
    picture = photograph(seed)
    picture[100:200] = np.maximum(picture[100:200], level)
    shaded = overlay.darken(picture, slice(120, 180), slice(40, 300))
    brightest = float(overlay.luminance(shaded[120:180, 40:300]).max())
    assert overlay.contrast(1.0, brightest) >= overlay.LEAST_CONTRAST


def test_a_title_stays_inside_its_place() -> None:
    picture = np.full((270, 480, 3), 200, np.uint8)
    place = Box(0.05, 0.71, 0.67, 0.95)
    drawn = overlay.draw(picture, "A very long title that needs several lines to be set", place)
    white = np.argwhere((drawn == 255).all(axis=2))
    assert len(white)
    assert white[:, 0].min() >= 0.70 * 270
    assert white[:, 1].max() <= 0.67 * 480 + 1


@pytest.mark.parametrize("kind", ["jpeg", "webp", "avif"])
def test_a_file_is_at_most_a_hundred_kilobytes(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (720, 1280, 3)).astype(np.uint8)
    data = encode(noise, kind)  # type: ignore[arg-type]
    assert len(data) <= MOST_BYTES
    opened = Image.open(io.BytesIO(data))
    assert opened.width / opened.height == pytest.approx(16 / 9, rel=0.02)


def test_a_scaled_copy_has_nearly_the_same_hash_and_another_picture_has_not() -> None:
    picture = photograph(1)
    scaled = np.asarray(Image.fromarray(picture).resize((320, 180)))
    assert likeness.hash_distance(likeness.perceptual_hash(picture), likeness.perceptual_hash(scaled)) <= 4
    other = likeness.perceptual_hash(photograph(2))
    assert likeness.hash_distance(likeness.perceptual_hash(picture), other) > 12
    assert likeness.descriptor(picture) @ likeness.descriptor(scaled) > 0.95


def test_a_face_seen_in_two_shots_is_a_character_and_one_seen_once_is_not() -> None:
    a, b = np.eye(4, dtype=np.float32)[:2]
    near = (a + 0.2 * b) / np.linalg.norm(a + 0.2 * b)
    assert characters([0, 3, 5], [a, near, b]) == [0, 0, -1]
