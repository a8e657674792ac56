"""What this machine has for models: memory within the limit of a container."""

from embedingest.engine import hardware


def test_memory_of_a_container_is_its_limit_less_what_is_in_use(tmp_path, monkeypatch):
    monkeypatch.setattr(hardware, "_GROUP", tmp_path)
    without = hardware.available_bytes()
    mib = 2**20
    (tmp_path / "memory.max").write_text(f"{64 * mib}\n")
    (tmp_path / "memory.current").write_text(f"{63 * mib}\n")
    (tmp_path / "memory.stat").write_text(f"anon {10 * mib}\nfile {50 * mib}\ninactive_file {40 * mib}\n")
    assert without > 64 * mib
    assert hardware.available_bytes() == 41 * mib  # files that were read once make room
    (tmp_path / "memory.max").write_text("max\n")
    assert hardware.available_bytes() > 64 * mib
