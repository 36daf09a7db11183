"""What `dev.py` prepares: the bytecode of our own files, a folder in memory for the tests, the settings of the demo."""

import os
import socket
import sys

import pytest

import dev


def test_bytecode_is_kept_where_python_is_told_to_write_none(tmp_path, monkeypatch):
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "door.py").write_text("OPEN = True\n")
    (tmp_path / "top.py").write_text("from room.door import OPEN\n")
    (tmp_path / "papers").mkdir()
    monkeypatch.setattr(dev, "HOME", tmp_path)
    monkeypatch.setattr(dev, "PYTHON", sys.executable)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    dev.compile_sources()
    tag = sys.implementation.cache_tag
    assert (tmp_path / "room" / "__pycache__" / f"door.{tag}.pyc").exists()
    assert (tmp_path / "__pycache__" / f"top.{tag}.pyc").exists()
    assert not any((tmp_path / "papers").iterdir())


def test_a_source_that_cannot_be_compiled_stops_nothing(tmp_path, monkeypatch, capfd):
    (tmp_path / "broken.py").write_text("def\n")
    monkeypatch.setattr(dev, "HOME", tmp_path)
    monkeypatch.setattr(dev, "PYTHON", sys.executable)
    dev.compile_sources()
    assert capfd.readouterr() == ("", "")


def test_the_fast_tests_write_into_memory_that_has_room_and_leave_nothing_there(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(dev, "MEMORY", tmp_path)
    monkeypatch.setattr(dev, "python", lambda *arguments, **more: said.append((arguments, more)) or 0)
    for room in (0, 10 ** 18):
        monkeypatch.setattr(dev, "ROOM", room)
        dev.run_fast_tests("tests/cases")
    (here, there), (elsewhere, nowhere) = said
    folder, = {part.partition("=")[2] for part in here if part.startswith("--basetemp")}
    assert folder.startswith(f"{there['TMPDIR']}/") and there["TMPDIR"].startswith(str(tmp_path))
    assert not any(tmp_path.iterdir())
    assert "TMPDIR" not in nowhere and not any(part.startswith("--basetemp") for part in elsewhere)


@pytest.fixture
def nothing_set(monkeypatch):
    for name in [name for name in os.environ if name.startswith("YJS_")]:
        monkeypatch.delenv(name)


@pytest.mark.usefixtures("nothing_set")
def test_a_list_of_ones_own_has_its_secrets_beside_it_unless_a_folder_is_named(tmp_path, monkeypatch):
    shipped = dev.demo_environment(5300)
    assert shipped["YJS_DEPARTMENTS"].endswith("sandbox/departments.yaml")
    assert shipped["YJS_SECRETS"] == str(dev.HOME / "data-keys")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YJS_DEPARTMENTS", "mine/departments.yaml")
    own = dev.demo_environment(5300)
    assert own["YJS_DEPARTMENTS"] == str(tmp_path / "mine" / "departments.yaml")
    assert "YJS_SECRETS" not in own
    monkeypatch.setenv("YJS_SECRETS", "vault")
    assert dev.demo_environment(5300)["YJS_SECRETS"] == str(tmp_path / "vault")


@pytest.mark.usefixtures("nothing_set")
def test_paths_are_meant_from_where_the_person_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YJS_DATA", "here")
    made = dev.demo_environment(5300)
    assert made["YJS_DATA"] == str(tmp_path / "here")
    assert made["YJS_SECRETS"] == str(tmp_path / "here-keys")


def test_a_port_in_use_is_said_before_anything_starts():
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
        with pytest.raises(SystemExit, match=f"port {port} is in use.*PORT=5300"):
            dev.refuse_a_port_in_use(port)
    dev.refuse_a_port_in_use(port)
