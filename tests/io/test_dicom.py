from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from cardiac.errors import (
    CardiacError,
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
    sequence = read(write_dicom(frames, PixelSpacing=[0.6, 0.5]))
    assert sequence.spacing == (0.6, 0.5)
    assert any("PixelSpacing" in note for note in sequence.notes)
    assert read(write_dicom(frames, name="no.dcm")).spacing is None


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
            RWaveTimeVector=[-900.0, 90.0],
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
    assert sequence.r_wave_times == pytest.approx((0.09,))
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
    # The tag's rectangle, fitted to the sector that the picture shows.
    box = sequence.region
    tag = (15, 42, 208, 298)
    np.testing.assert_allclose((box.top, box.left, box.bottom, box.right), tag, atol=8)


def test_real_stress_echo(data):
    sequence = read(data / "dicom" / "stress_a4c_stage2.dcm")
    assert sequence.spacing == pytest.approx((0.3628, 0.3628), abs=1e-4)
    np.testing.assert_allclose(np.diff(sequence.times)[:3], [0.04, 0.02, 0.02])
    assert sequence.subject.bsa_m2 == pytest.approx(1.90, abs=0.02)
    with pytest.raises(UnsupportedImageError, match="M-mode"):
        read(data / "dicom" / "mmode_still_rgb.dcm")


@pytest.mark.parametrize("told", [None, 1, 4])
@pytest.mark.parametrize("syntax", [EXPLICIT, RLE])
def test_frames_are_counted_in_the_data(write_dicom, frames, told, syntax):
    encoded_frames = None
    if syntax == RLE:
        import pydicom

        plain = pydicom.dcmread(write_dicom(frames, name="plain.dcm"))
        plain.compress(RLE)
        encoded_frames = list(pydicom.encaps.generate_frames(plain.PixelData, number_of_frames=6))
    path = write_dicom(frames, syntax=syntax, encoded=encoded_frames, NumberOfFrames=told or 6)
    if told is None:
        import pydicom

        dataset = pydicom.dcmread(path)
        del dataset.NumberOfFrames
        dataset.save_as(path)
    sequence = read(path)
    np.testing.assert_array_equal(sequence.frames, frames)
    assert any("NumberOfFrames" in note and "6 frames" in note for note in sequence.notes)


@pytest.mark.parametrize("syntax", [EXPLICIT, JPEG])
def test_fewer_frames_than_told_stay_an_error(write_dicom, frames, syntax):
    coded = encoded(frames, "JPEG") if syntax == JPEG else None
    with pytest.raises(UnreadableFileError, match="truncated"):
        read(write_dicom(frames, syntax=syntax, encoded=coded, NumberOfFrames=7))


def ycc(rgb):
    return np.stack([np.asarray(Image.fromarray(frame).convert("YCbCr")) for frame in rgb])


def halved(pixels):
    """Luma and chroma as 4:2:2: two pixels share their chroma."""
    return np.stack(
        [
            pixels[:, :, 0::2, 0],
            pixels[:, :, 1::2, 0],
            pixels[:, :, 0::2, 1],
            pixels[:, :, 0::2, 2],
        ],
        axis=-1,
    )


@pytest.mark.parametrize("label", ["YBR_FULL_422", "YBR_FULL", "RGB"])
@pytest.mark.parametrize("data", ["rgb", "ycc", "422"])
def test_the_data_decide_on_the_colour_space(write_dicom, frames, label, data):
    rgb = np.repeat(frames[..., None], 3, axis=-1)
    if (label, data) == ("RGB", "422"):
        pytest.skip("two thirds of an RGB image are a truncated file")
    pixels = {"rgb": rgb, "ycc": ycc(rgb), "422": ycc(rgb)}[data]
    tags = {"PixelData": halved(pixels).tobytes()} if data == "422" else {}
    path = write_dicom(pixels, PhotometricInterpretation=label)
    if tags:
        import pydicom

        dataset = pydicom.dcmread(path)
        dataset.PixelData = tags["PixelData"]
        dataset.save_as(path)
    sequence = read(path)
    assert np.abs(sequence.frames.astype(int) - frames).max() <= 1
    honest = {"YBR_FULL_422": "422", "YBR_FULL": "ycc", "RGB": "rgb"}[label] == data
    assert honest is not any("labelled" in note for note in sequence.notes)


@pytest.mark.parametrize("label", ["RGB", "YBR_FULL_422"])
@pytest.mark.parametrize("markers", ["jfif", "adobe rgb", "named rgb"])
def test_a_jpeg_tells_its_colour_space_itself(write_dicom, frames, label, markers):
    rgb = np.repeat(frames[..., None], 3, axis=-1)
    coded = []
    for frame in rgb:
        buffer = io.BytesIO()
        keep = markers != "jfif"
        Image.fromarray(frame).save(buffer, "JPEG", quality=95, subsampling=0, keep_rgb=keep)
        coded.append(buffer.getvalue())
    if markers == "named rgb":  # without Adobe's marker only the components' names tell it
        coded = [c.replace(b"\xff\xee", b"\xff\xed") for c in coded]
    path = write_dicom(rgb, syntax=JPEG, encoded=coded, PhotometricInterpretation=label)
    assert np.abs(read(path).frames.astype(int) - frames).mean() < 3


def test_a_palette_is_scaled_by_the_bits_that_it_uses(write_dicom, frames):
    lut = np.arange(256).astype("<u2")
    for shift in (0, 4, 8):
        table = {
            f"{c}PaletteColorLookupTable{part}": value
            for c in ("Red", "Green", "Blue")
            for part, value in (
                ("Descriptor", [256, 0, 16]),
                ("Data", (lut << shift).astype("<u2").tobytes()),
            )
        }
        path = write_dicom(frames, PhotometricInterpretation="PALETTE COLOR", **table)
        np.testing.assert_array_equal(read(path).frames, frames)


def test_the_window_is_what_the_file_wants_to_be_seen_through(write_dicom, frames):
    deep = frames.astype(np.uint16) * 4
    path = write_dicom(deep, WindowCenter=512, WindowWidth=1024, BitsStored=12, HighBit=11)
    sequence = read(path)
    assert np.abs(sequence.frames.astype(int) - frames).max() <= 1
    assert any("window" in note for note in sequence.notes)
    # The window of all grey levels changes nothing, and one that shows nothing is not used.
    for center, width in ((128, 256), (127, 255), (5000, 10)):
        shown = read(write_dicom(frames, WindowCenter=center, WindowWidth=width)).frames
        np.testing.assert_array_equal(shown, frames)
    narrow = read(write_dicom(frames, WindowCenter=64, WindowWidth=128)).frames
    np.testing.assert_array_equal(narrow[frames >= 128], 255)


VOLUME = "1.2.840.10008.5.1.4.1.1.6.2"


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"SOPClassUID": VOLUME}, "volume"),
        ({"DimensionOrganizationType": "3D"}, "volume"),
        ({"FrameIncrementPointer": 0x00540080}, "volume"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.66.4"}, "Segmentation"),
        ({"SOPClassUID": "1.3.46.670589.2.5.1.1"}, "private class"),
    ],
)
def test_every_class_of_object_is_looked_at(write_dicom, frames, tags, words):
    with pytest.raises(UnsupportedImageError, match=words):
        read(write_dicom(frames, **tags))


def test_a_secondary_capture_of_ultrasound_is_a_cine(write_dicom, frames):
    path = write_dicom(frames, SOPClassUID="1.2.840.10008.5.1.4.1.1.7.2")
    np.testing.assert_array_equal(read(path).frames, frames)


@pytest.mark.parametrize("offset", [0, 40, 1000])
def test_increments_that_grow_without_end_are_times(write_dicom, frames, offset):
    times = [str(offset + 40 * i) for i in range(6)]
    sequence = read(write_dicom(frames, FrameIncrementPointer=0x00181065, FrameTimeVector=times))
    np.testing.assert_allclose(sequence.times, 0.04 * np.arange(6))
    assert any("times, not the increments" in note for note in sequence.notes)


@pytest.mark.parametrize(
    ("tags", "waves", "rate"),
    [
        ({"RWaveTimeVector": [0.0, 0.966, 1.932], "HeartRate": 62}, (), 62),
        ({"RWaveTimeVector": [100.0, 1100.0], "HeartRate": 62}, (0.1, 1.1), 62),
        ({"RWaveTimeVector": [100.0, 1100.0, 9000.0]}, (0.1, 1.1), None),
        ({"RWaveTimeVector": [100.0, 1100.0], "HeartRate": 150}, (), 150),
        ({"HeartRate": 62000}, (), None),
        ({"HeartRate": 0.06}, (), None),
    ],
)
def test_r_waves_and_rates_that_cannot_be_are_missing(write_dicom, sector, tags, waves, rate):
    sequence = read(write_dicom(sector(30), FrameTime="50", **tags))
    assert sequence.r_wave_times == pytest.approx(waves)
    assert sequence.heart_rate_bpm == rate
    doubtful = len(waves) != len(tags.get("RWaveTimeVector", ())) or rate != tags.get("HeartRate")
    assert doubtful is any("R wave" in n or "heart rate" in n for n in sequence.notes)


def test_r_waves_without_frame_times_are_not_used(write_dicom, frames):
    assert read(write_dicom(frames, RWaveTimeVector=[0.0, 900.0])).r_wave_times == ()


def test_a_bare_data_set_is_known_by_its_first_element(write_dicom, frames, tmp_path):
    import pydicom

    from cardiac.io import find_inputs

    for syntax, name in ((IMPLICIT, "IM_0001"), (EXPLICIT, "IM_0002")):
        dataset = pydicom.dcmread(write_dicom(frames, syntax=syntax))
        bare = pydicom.Dataset(dataset)
        (tmp_path / "bare").mkdir(exist_ok=True)
        with (tmp_path / "bare" / name).open("wb") as file:
            pydicom.dcmwrite(
                file,
                bare,
                implicit_vr=syntax == IMPLICIT,
                little_endian=True,
                enforce_file_format=False,
            )
    items = find_inputs([tmp_path / "bare"])
    assert [item.id for item in items] == ["IM_0001", "IM_0002"]
    for item in items:
        np.testing.assert_array_equal(read(item.path).frames, frames)


def test_a_directory_of_a_disc_says_what_to_give(write_dicom, frames, tmp_path):
    import pydicom
    from pydicom.fileset import FileSet

    from cardiac.io import find_inputs

    dataset = pydicom.dcmread(write_dicom(frames))
    dataset.PatientID = dataset.StudyID = "1"
    dataset.PatientName = "A"
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = "1.2.3", "1.2.3.5"
    dataset.StudyDate, dataset.StudyTime, dataset.AccessionNumber = "20260101", "120000", ""
    dataset.SeriesNumber = dataset.InstanceNumber = 1
    disc = FileSet()
    disc.add(dataset)
    disc.write(tmp_path / "disc")
    with pytest.raises(UnsupportedImageError, match=r"DICOMDIR.*lists 1 image.*Give the folder"):
        read(tmp_path / "disc" / "DICOMDIR")
    for given in ("disc", "disc/DICOMDIR"):
        (item,) = find_inputs([tmp_path / given])
        np.testing.assert_array_equal(read(item.path).frames, frames)


def test_video_within_dicom_is_decoded(write_dicom, write_video, frames):
    movie = write_video(frames, "a.mp4", codec="libx264")
    path = write_dicom(
        np.repeat(frames[..., None], 3, axis=-1),
        syntax="1.2.840.10008.1.2.4.102",
        encoded=[movie.read_bytes()],
        FrameTime="20",
        PhotometricInterpretation="YBR_PARTIAL_420",
    )
    sequence = read(path)
    assert sequence.frames.shape == frames.shape
    assert np.abs(sequence.frames.astype(int) - frames).mean() < 12


def test_lossless_jpeg_and_jpeg_ls_need_no_extra(write_dicom, frames):
    pytest.importorskip("gdcm", reason="GDCM writes these for the test")
    import gdcm

    plain = write_dicom(frames, name="plain.dcm", SeriesInstanceUID="1.2", StudyInstanceUID="1.3")
    for syntax in (
        gdcm.TransferSyntax.JPEGLosslessProcess14_1,
        gdcm.TransferSyntax.JPEGLosslessProcess14,
        gdcm.TransferSyntax.JPEGLSLossless,
    ):
        reader = gdcm.ImageReader()
        reader.SetFileName(str(plain))
        assert reader.Read()
        change = gdcm.ImageChangeTransferSyntax()
        change.SetTransferSyntax(gdcm.TransferSyntax(syntax))
        change.SetInput(reader.GetImage())
        assert change.Change()
        writer = gdcm.ImageWriter()
        writer.SetFile(reader.GetFile())
        writer.SetImage(change.GetOutput())
        path = plain.with_name("coded.dcm")
        writer.SetFileName(str(path))
        assert writer.Write()
        np.testing.assert_array_equal(read(path).frames, frames)


def test_a_decoder_tells_its_whole_message_with_the_file(write_dicom, frames, capfd):
    path = write_dicom(frames, syntax=JPEG2000, encoded=[b"\xff\x4f\xff\x51" + b"\0" * 60] * 6)
    with pytest.raises(UnreadableFileError, match=r"cine\.dcm.*damaged") as caught:
        read(path)
    assert "truncated" not in str(caught.value)
    assert capfd.readouterr() == ("", "")


def test_a_deflated_data_set_is_read_and_a_bomb_is_not(write_dicom, frames, monkeypatch):
    import pydicom

    from cardiac.io import dicom

    dataset = pydicom.dcmread(write_dicom(frames))
    path = dataset.filename.replace("cine", "deflated")
    dataset.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1.99"
    dataset.save_as(path, enforce_file_format=True)
    np.testing.assert_array_equal(read(path).frames, frames)
    monkeypatch.setattr(dicom, "MAX_BYTES", frames.size // 2)
    with pytest.raises(InvalidPixelsError, match="unpacks"):
        read(path)


def test_a_coded_frame_of_another_size_takes_no_memory(write_dicom, frames):
    huge = encoded(np.zeros((6, 4000, 4000, 3), np.uint8), "JPEG")
    rgb = np.repeat(frames[..., None], 3, axis=-1)
    with pytest.raises(UnreadableFileError, match="size in the tags"):
        read(write_dicom(rgb, syntax=JPEG, encoded=huge))
