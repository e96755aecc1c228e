from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from cardiac.errors import (
    CardiacError,
    GeometryError,
    InvalidPixelsError,
    UnreadableFileError,
    UnsupportedImageError,
)
from cardiac.geometry import Region
from cardiac.io import read
from cardiac.sequence import View

IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
RLE, JPEG, JPEG2000 = (
    "1.2.840.10008.1.2.5",
    "1.2.840.10008.1.2.4.50",
    "1.2.840.10008.1.2.4.90",
)


def encoded(frames, kind, **options):
    out = []
    for frame in frames:
        buffer = io.BytesIO()
        Image.fromarray(frame).save(buffer, kind, **options)
        out.append(buffer.getvalue())
    return out


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG])
@pytest.mark.parametrize("color", [False, True])
def test_native_pixels_come_back_exactly(write_dicom, frames, region_tags, syntax, color):
    pixels = np.repeat(frames[..., None], 3, axis=-1) if color else frames
    path = write_dicom(pixels, syntax=syntax, regions=[region_tags(127, 95)])
    np.testing.assert_array_equal(read(path).frames, frames)


def test_rle_and_lossless_jpeg2000_come_back_exactly(write_dicom, frames):
    from pydicom.pixels.encoders import RLELosslessEncoder

    rle = list(
        RLELosslessEncoder.iter_encode(
            frames,
            rows=96,
            columns=128,
            samples_per_pixel=1,
            number_of_frames=len(frames),
            bits_allocated=8,
            bits_stored=8,
            pixel_representation=0,
            photometric_interpretation="MONOCHROME2",
        )
    )
    path = write_dicom(frames, name="rle.dcm", syntax=RLE, encoded=rle)
    np.testing.assert_array_equal(read(path).frames, frames)
    j2k = encoded(frames, "JPEG2000", irreversible=False)
    path = write_dicom(frames, name="j2k.dcm", syntax=JPEG2000, encoded=j2k)
    np.testing.assert_array_equal(read(path).frames, frames)


def test_jpeg_in_ybr_full_422_is_grey_again(write_dicom, frames):
    rgb = np.repeat(frames[..., None], 3, axis=-1)
    path = write_dicom(
        rgb,
        syntax=JPEG,
        encoded=encoded(rgb, "JPEG", quality=95, subsampling="4:2:2"),
        PhotometricInterpretation="YBR_FULL_422",
    )
    difference = np.abs(read(path).frames.astype(int) - frames)
    assert difference.mean() < 3


def test_palette_and_inverted_grey_look_the_same(write_dicom, frames):
    lut = np.arange(255, -1, -1).astype("<u2") * 257
    table = {
        f"{c}PaletteColorLookupTable{part}": value
        for c in ("Red", "Green", "Blue")
        for part, value in (("Descriptor", [256, 0, 16]), ("Data", lut.tobytes()))
    }
    palette = write_dicom(
        255 - frames, name="p.dcm", PhotometricInterpretation="PALETTE COLOR", **table
    )
    inverted = write_dicom(255 - frames, name="m.dcm", PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read(palette).frames, frames)
    np.testing.assert_array_equal(read(inverted).frames, frames)


def test_calibration_is_the_tissue_regions_in_mm_whatever_its_sign(
    write_dicom, frames, region_tags
):
    ecg = region_tags(127, 95, RegionSpatialFormat=4, RegionDataType=10, PhysicalDeltaY=9.0)
    path = write_dicom(frames, regions=[ecg, region_tags(127, 95)])
    assert read(path).spacing == pytest.approx((0.5, 0.4))


def test_outside_the_region_is_black_and_the_grid_is_kept(write_dicom, frames, region_tags):
    marked = np.maximum(frames, 1)
    path = write_dicom(
        marked,
        regions=[region_tags(99, 79, RegionLocationMinX0=20, RegionLocationMinY0=10)],
    )
    sequence = read(path)
    assert sequence.region == Region(10, 20, 80, 100)
    outside = sequence.frames.copy()
    outside[:, 10:80, 20:100] = 0
    assert not outside.any()
    np.testing.assert_array_equal(sequence.frames[:, 10:80, 20:100], marked[:, 10:80, 20:100])


def test_a_region_twice_too_large_is_scaled_with_its_pixel_size(write_dicom, frames, region_tags):
    path = write_dicom(frames, regions=[region_tags(255, 191)])
    sequence = read(path)
    assert sequence.spacing == pytest.approx((1.0, 0.8))
    assert any("2 times larger" in note for note in sequence.notes)


def test_a_region_that_does_not_fit_gives_no_millimetres(write_dicom, frames, region_tags):
    path = write_dicom(
        frames, regions=[region_tags(1200, 900, RegionLocationMinX0=1100, RegionLocationMinY0=800)]
    )
    sequence = read(path)
    assert sequence.spacing is None
    assert any("does not fit" in note for note in sequence.notes)


def test_units_other_than_cm_are_no_calibration(write_dicom, frames, region_tags):
    path = write_dicom(frames, regions=[region_tags(127, 95, PhysicalUnitsXDirection=4)])
    assert read(path).spacing is None


def test_pixel_spacing_is_a_flagged_fallback(write_dicom, frames):
    sequence = read(write_dicom(frames, PixelSpacing=[0.3, 0.2]))
    assert sequence.spacing == (0.3, 0.2)
    assert any("PixelSpacing" in note for note in sequence.notes)
    assert read(write_dicom(frames, name="no.dcm")).spacing is None


def test_absurd_spacing_names_the_file(write_dicom, frames, region_tags):
    path = write_dicom(frames, regions=[region_tags(127, 95, PhysicalDeltaX=9.0)])
    with pytest.raises(GeometryError, match=r"cine\.dcm"):
        read(path)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"FrameIncrementPointer": 0x00181063, "FrameTime": "20", "CineRate": 10}, 0.02),
        ({"FrameTime": "20"}, 0.02),
        ({"FrameTime": "0", "CineRate": 40}, 0.025),
        ({"ActualFrameDuration": 30}, 0.03),
        ({"RecommendedDisplayFrameRate": 25}, 0.04),
        ({"FrameTime": "99999"}, None),
        ({}, None),
    ],
)
def test_frame_time_sources(write_dicom, frames, tags, expected):
    interval = read(write_dicom(frames, **tags)).frame_interval_s
    assert interval == (None if expected is None else pytest.approx(expected))


def test_a_vector_of_increments_is_summed_from_the_second(write_dicom, frames):
    vector = ["0", "20", "40", "20", "40", "30"]
    sequence = read(write_dicom(frames, FrameIncrementPointer=0x00181065, FrameTimeVector=vector))
    np.testing.assert_allclose(sequence.times, [0, 0.02, 0.06, 0.08, 0.12, 0.15])


@pytest.mark.parametrize("vector", [["0"] * 6, ["20"] * 3, ["0", "20", "-5", "20", "20", "20"]])
def test_a_bad_vector_is_noted_and_the_next_source_is_used(write_dicom, frames, vector):
    sequence = read(
        write_dicom(frames, FrameIncrementPointer=0x00181065, FrameTimeVector=vector, CineRate=50)
    )
    assert sequence.frame_interval_s == pytest.approx(0.02)
    assert any("not used" in note for note in sequence.notes)


def test_heart_patient_and_view(write_dicom, frames):
    from pydicom.dataset import Dataset
    from pydicom.sequence import Sequence

    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator = "399232001", "SCT"
    sequence = read(
        write_dicom(
            frames,
            FrameTime="20",
            HeartRate="61",
            RWaveTimeVector=[30.0, 90.0],
            PatientSex="F",
            PatientAge="006M",
            PatientSize="1.6",
            PatientWeight="0",
            ViewCodeSequence=Sequence([code]),
            SeriesDescription="apical 4 chamber",
        )
    )
    assert sequence.view is View.A2C
    assert sequence.heart_rate_bpm == 61
    assert sequence.r_wave_times == pytest.approx((0.03, 0.09))
    assert sequence.subject.sex == "F"
    assert sequence.subject.age_years == pytest.approx(0.5)
    assert sequence.subject.height_m == 1.6
    assert sequence.subject.weight_kg is None


@pytest.mark.parametrize(
    ("words", "view"),
    [
        ("A4C", View.A4C),
        ("Apical 4 chamber", View.A4C),
        ("AP4", View.A4C),
        ("4CH rest", View.A4C),
        ("apical_two_chamber", View.A2C),
        ("A3C", View.A3C),
        ("apical long axis", View.A3C),
        ("4C and 2C", View.UNKNOWN),
        ("PLAX", View.UNKNOWN),
        ("14 clips", View.UNKNOWN),
    ],
)
def test_view_from_words(write_dicom, frames, words, view):
    assert read(write_dicom(frames, SeriesDescription=words)).view is view


@pytest.mark.parametrize("spatial", [2, 3])
def test_m_mode_and_spectral_doppler_are_refused(write_dicom, frames, region_tags, spatial):
    regions = [region_tags(127, 95), region_tags(127, 95, RegionSpatialFormat=spatial)]
    with pytest.raises(UnsupportedImageError, match=r"M-mode|Doppler"):
        read(write_dicom(frames, regions=regions))


def test_colour_flow_is_refused_but_coloured_graphics_are_blanked(write_dicom, frames, region_tags):
    rgb = np.repeat(frames[..., None], 3, axis=-1)
    flow = rgb.copy()
    rng = np.random.default_rng(1)
    for frame in flow:
        box = np.where(rng.random((30, 30, 1)) < 0.5, [220, 40, 0], [0, 40, 220])
        frame[30:60, 40:70] = box
    with pytest.raises(UnsupportedImageError, match="colour Doppler"):
        read(write_dicom(flow, regions=[region_tags(127, 95)]))
    lined = rgb.copy()
    lined[:, 90, :40] = [0, 200, 120]
    sequence = read(write_dicom(lined, name="line.dcm", regions=[region_tags(127, 95)]))
    assert not sequence.frames[:, 90, :40].any()


def test_a_tinted_grey_map_is_not_colour_doppler(write_dicom, frames, region_tags):
    tint = np.array([1.0, 0.75, 0.5])
    sepia = (frames[..., None] * tint).astype(np.uint8)
    sequence = read(write_dicom(sepia, regions=[region_tags(127, 95)]))
    assert sequence.frames.max() > 100


def test_other_modalities_and_reports_are_refused(write_dicom, frames):
    with pytest.raises(UnsupportedImageError, match="modality CT"):
        read(write_dicom(frames, Modality="CT"))
    import pydicom

    path = write_dicom(frames, name="report.dcm")
    dataset = pydicom.dcmread(path)
    del dataset.PixelData
    dataset.save_as(path)
    with pytest.raises(UnsupportedImageError, match="without an image"):
        read(path)


def test_sixteen_bits_are_scaled_and_noted(write_dicom, frames):
    sequence = read(write_dicom(frames.astype(np.uint16) * 100))
    assert sequence.frames.max() == 255
    assert any("scaled" in note for note in sequence.notes)


def test_a_file_without_suffix_is_known_by_its_preamble(write_dicom, frames):
    np.testing.assert_array_equal(read(write_dicom(frames, name="1.2.840.99")).frames, frames)


def test_truncated_blank_and_boundless_files(write_dicom, frames):
    path = write_dicom(frames)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableFileError, match="truncated"):
        read(path)
    with pytest.raises(InvalidPixelsError, match="same value"):
        read(write_dicom(np.full_like(frames, 7)))
    with pytest.raises(CardiacError):
        read(write_dicom(frames, NumberOfFrames=2_000_000))


def test_undecodable_syntax_says_what_to_do(write_dicom, frames):
    path = write_dicom(frames, syntax="1.2.840.10008.1.2.4.94", encoded=[b"\0" * 64] * 6)
    with pytest.raises(UnsupportedImageError, match="no decoder"):
        read(path)


def test_the_cine_that_comes_with_pydicom():
    from pydicom.data import get_testdata_file

    sequence = read(get_testdata_file("examples_ybr_color.dcm"))
    assert sequence.frames.shape == (30, 240, 320)
    # The depth scale in the picture has 5 cm in 49.2 rows.
    assert sequence.spacing == pytest.approx((50 / 49.2,) * 2, rel=0.01)
    assert sequence.frame_interval_s == pytest.approx(1 / 30, rel=1e-3)
    assert sequence.region == Region(15, 42, 208, 298)


def test_real_stress_echo(data):
    sequence = read(data / "dicom" / "stress_a4c_stage2.dcm")
    assert sequence.spacing == pytest.approx((0.3628, 0.3628), abs=1e-4)
    np.testing.assert_allclose(np.diff(sequence.times)[:3], [0.04, 0.02, 0.02])
    assert sequence.subject.bsa_m2 == pytest.approx(1.90, abs=0.02)
    with pytest.raises(UnsupportedImageError, match="M-mode"):
        read(data / "dicom" / "mmode_still_rgb.dcm")
