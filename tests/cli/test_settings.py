"""What a file of settings says is done, or refused: nothing in it is passed over."""

from __future__ import annotations

import json

import pytest
import yaml

from cardiac.cli.app import app
from cardiac.cli.settings import settings_file
from cardiac.errors import CardiacError
from cardiac.settings import ProcessSettings


def settings_used(tmp_path, text: str, *options: str) -> dict:
    """The settings in the record of a run over nothing that can be read."""
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    out = tmp_path / "out"
    command = ["process", str(tmp_path / "missing.dcm"), "--out", str(out), "--config", str(path)]
    assert app.meta([*command, *options], result_action="return_value") == 1
    return dict(json.loads((out / "run.json").read_text())["settings"])


@pytest.mark.parametrize(
    "name", [name for name, field in ProcessSettings.model_fields.items() if field.default is True]
)
def test_every_switch_can_be_turned_off_by_a_file(tmp_path, name):
    # Some of them bear the name of a job: correct, report.
    used = settings_used(tmp_path, yaml.safe_dump({name: False}))
    expected = ProcessSettings(**{name: False}).model_dump(mode="json")
    assert {key: used[key] for key in expected} == expected


def test_the_command_line_wins(tmp_path):
    assert settings_used(tmp_path, "correct: false\n", "--correct")["correct"] is True


def test_an_unknown_name_is_wrong_usage(tmp_path, capsys):
    path = tmp_path / "settings.yaml"
    path.write_text("corect: false\n")
    command = ["process", "x.dcm", "--out", str(tmp_path / "out"), "--config", str(path)]
    with pytest.raises(SystemExit):
        app.meta(command, result_action="return_value")
    assert "corect" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["- 3\n", "a: [1\n", "3\n", "", "1: 2\n", "\xff\x00"])
def test_what_is_no_list_of_settings_is_refused_with_its_name(tmp_path, text):
    path = tmp_path / "settings.yaml"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(CardiacError, match=r"settings\.yaml"):
        settings_file(path)
    with pytest.raises(CardiacError, match=r"missing\.yaml"):
        settings_file(tmp_path / "missing.yaml")


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--workers", "-3"), "--workers is -3, but must be greater than or equal to 0."),
        (("--workers", "two"), "--workers is two, but must be a valid integer."),
        (("--convention", "mayo"), "--convention is mayo, but must be 'ase' or 'camus-legacy'."),
        (("--picture",), "there is no option --picture. Did you mean --pictures?"),
        (("--nonsense", "3"), "there is no option --nonsense. See --help for what there is."),
    ],
)
def test_wrong_usage_is_a_sentence(tmp_path, capsys, option, words):
    command = ["process", "x.dcm", "--out", str(tmp_path / "out"), *option]
    with pytest.raises(SystemExit) as ended:
        app.meta(command, result_action="return_value")
    assert ended.value.code == 2
    assert capsys.readouterr().err == f"cardiac: {words}\n"


def test_settings_of_the_project_are_found_from_any_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    command = ["process", "x.dcm", "--out", "out", "--config", "configs/process.yaml"]
    assert app.meta(command, result_action="return_value") == 1  # only the input is missing
    assert json.loads((tmp_path / "out" / "run.json").read_text())["settings"]["correct"] is True
    capsys.readouterr()
