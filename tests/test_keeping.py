"""docs/keeping.md: `warc/` alone is the archive."""

import shutil
from pathlib import Path

from conftest import Command
from test_build import dump

from archive import warc

LAIWU = "http://www.laiwu.gov.cn/gongkai/channel_6389b0cb3759918282649a25/doc_6242790052954ab28534c6ab.html"


def test_the_warc_folder_copied_elsewhere_gives_the_same_database(nianbao: Command, demo: Path, tmp_path: Path) -> None:
    """Of an archive with visits and a file that was saved by hand; then of one that lost its index files too."""
    shutil.copytree(demo, nianbao.data)
    file = tmp_path / "saved.html"
    file.write_text("<p>人工保存</p>", "utf-8")
    assert nianbao("add", file, "--url", LAIWU).returncode == 1  # kept, and no report
    known = dump(nianbao.data)
    assert known["reports"]
    assert {row[0] for row in known["portals"]} >= {"370112", "370115", "370116", "370305", "370406"}

    restored = tmp_path / "restored"
    shutil.copytree(nianbao.data / "warc", restored / "warc")
    shutil.rmtree(nianbao.data)
    done = nianbao("build", "--data", restored)
    assert (done.returncode, done.stderr) == (0, "")
    assert dump(restored) == known
    assert nianbao("verify", "--data", restored).returncode == 0

    for path in warc.files(restored):
        warc.index_path(path).unlink()
    (restored / "nianbao.db").unlink()
    assert nianbao("build", "--data", restored).returncode == 0
    assert dump(restored) == known
