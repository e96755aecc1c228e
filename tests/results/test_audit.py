import json
import multiprocessing
import os

import pytest

from cardiac.errors import OutputError
from cardiac.results import AuditLog, Version


def write_some(path, who, count):
    log = AuditLog(path)
    for k in range(count):
        log.append(who, "accept", f"case{k}", "ü <b>note</b>\nsecond line")


def test_what_is_written_is_read_back(tmp_path):
    log = AuditLog(tmp_path / "deep" / "audit.jsonl")
    before, after = Version("masks/a.nii.gz", "0" * 64), Version("review/1.nii.gz", "1" * 64)
    written = log.append("Ann", "edit", "a", "note", before=before, after=after, details={"x": 1})
    (entry,) = log.entries()
    assert entry == written
    assert entry.when.endswith("+00:00")
    assert log.problems() == []


def test_lines_of_several_processes_are_all_there_and_in_one_chain(tmp_path):
    path = tmp_path / "audit.jsonl"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=write_some, args=(path, f"w{k}", 15)) for k in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    entries = list(AuditLog(path).entries())
    assert len(entries) == 60
    assert [entry.number for entry in entries] == list(range(1, 61))
    for k in range(4):
        assert [e.case for e in entries if e.who == f"w{k}"] == [f"case{n}" for n in range(15)]
    assert AuditLog(path).problems() == []


def test_a_line_cut_short_loses_no_other(tmp_path):
    log = AuditLog(tmp_path / "audit.jsonl")
    log.append("Ann", "accept", "a")
    with log.path.open("ab") as file:
        file.write(b'{"number": 2, "when"')
    log.append("Ann", "accept", "b")
    log.append("Ann", "accept", "c")
    assert [entry.case for entry in log.entries()] == ["a", "b", "c"]
    assert log.problems() == ["line 2 cannot be read"]


@pytest.mark.parametrize("tamper", ["change", "remove", "swap"])
def test_tampering_shows(tmp_path, tamper):
    log = AuditLog(tmp_path / "audit.jsonl")
    for case in "abcd":
        log.append("Ann", "accept", case)
    lines = log.path.read_bytes().splitlines(keepends=True)
    if tamper == "change":
        told = json.loads(lines[1])
        lines[1] = json.dumps(told | {"who": "Bob"}, ensure_ascii=False).encode() + b"\n"
    elif tamper == "remove":
        del lines[1]
    else:
        lines[1], lines[2] = lines[2], lines[1]
    log.path.write_bytes(b"".join(lines))
    assert log.problems()


def test_earlier_bytes_never_change(tmp_path):
    log = AuditLog(tmp_path / "audit.jsonl")
    before = b""
    for k in range(5):
        log.append("Ann", "reject", f"case{k}", "why")
        now = log.path.read_bytes()
        assert now.startswith(before)
        assert len(now) > len(before)
        before = now


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_log_that_cannot_be_written_is_an_error(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="audit log"):
        AuditLog(tmp_path / "deep" / "audit.jsonl").append("Ann", "accept", "a")


def test_the_seal_covers_the_last_line(tmp_path):
    log = AuditLog(tmp_path / "audit.jsonl")
    for note in ("one", "two"):
        log.append("Ann", "accept", "a", note)
    assert log.problems() == []
    whole = log.path.read_bytes()
    log.path.write_bytes(whole.replace(b"two", b"own"))
    assert log.problems() == ["line 2 was changed"]
    log.path.write_bytes(whole.split(b"\n")[0] + b"\n")
    assert log.problems() == ["1 lines were removed from the end"]
    log.path.write_bytes(whole)
    log.seal.unlink()
    assert log.problems() == ["the seal of the last line is missing"]
    log.append("Ann", "accept", "a", "three")
    assert log.problems() == []
