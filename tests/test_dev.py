"""What `dev.py` prepares: the bytecode of our own files, whatever the environment says of writing it."""

import sys

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
