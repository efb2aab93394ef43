"""What tools/same.py takes for the same, and what it says of the rest."""

import json
import shutil

import numpy as np
import pytest
import same
from safetensors.numpy import save_file

from energyguide.files.arrays import save_arrays
from energyguide.files.atomic import sha256
from energyguide.reporting.layout import Table

METRICS = {"scales": {"0": {"fid": [1.5, 1], "seconds_per_image": [0.1]}}, "sampler": "ddpm"}
TABLE = "system,fid,seconds_per_image\nddpm,1.5,0.1\n"


def save_weights(path, weights, **info):
    save_file(weights, path)
    path.with_name(f"{path.name}.json").write_text(json.dumps({"sha256": sha256(path), **info}))


def edit(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def folders(tmp_path):
    """Two folders with the same results."""
    a, b = tmp_path / "a", tmp_path / "b"
    for folder in ("metrics/ddpm", "diffusion", "tables", "figures", "logs"):
        (a / folder).mkdir(parents=True)
    (a / "metrics/ddpm/0.json").write_text(json.dumps(METRICS))
    save_weights(a / "diffusion/unet.safetensors", {"w": np.ones((2, 3), np.float32)}, history={"seconds": 2.0, "attempts": 1})
    save_arrays(a / "samples.npz", {"0": np.arange(6, dtype=np.uint8)})
    (a / "tables/summary.csv").write_text(TABLE)
    (a / "tables/summary.tex").write_text("System & FID & ms/img \\\\\nddpm & 1.50 & 100.0 \\\\\n")
    (a / "figures/modes.png").write_bytes(b"picture")
    (a / "logs/data.log").write_text("10:00")
    shutil.copytree(a, b)
    return a, b


@pytest.fixture
def said(folders, capsys):
    """Compares the folders: the exit status, and the lines."""

    def run(*options):
        status = same.main([*map(str, folders), *options])
        return status, capsys.readouterr().out.splitlines()

    return run


def test_copies_are_the_same(said):
    assert said("--shown") == (0, ["6 results are the same", "beside them, 2 files to be looked at are the same"])


def test_times_and_provenance_may_differ(folders, said):
    _, b = folders
    edit(b / "metrics/ddpm/0.json", "[0.1]", "[0.2]")
    edit(b / "diffusion/unet.safetensors.json", '"seconds": 2.0, "attempts": 1', '"seconds": 3.0, "attempts": 2')
    edit(b / "tables/summary.csv", ",0.1", ",0.2")
    edit(b / "tables/summary.tex", "100.0", "200.0")
    (b / "logs/data.log").write_text("11:00")
    (b / "usage.csv").write_text("time\n1\n")
    status, lines = said("--shown")
    assert status == 0 and len(lines) == 2


def test_one_bit_of_a_tensor(folders, said):
    _, b = folders
    weights = np.ones((2, 3), np.float32)
    weights.view(np.uint32)[0, 1] ^= 1
    save_file({"w": weights}, b / "diffusion/unet.safetensors")
    status, lines = said()
    assert status == 1 and lines[1:2] == ["1 of 6 results differ"]
    assert lines[0] == 'diffusion/unet.safetensors: tensor "w": 1 of 6 numbers differ, at most by 1.19209e-07'


@pytest.mark.parametrize(
    ("arrays", "line"),
    [
        ({"0": np.array([0, 1, 2, 5, 4, 255], np.uint8)}, 'array "0": 2 of 6 numbers differ, at most by 250'),
        ({"0": np.arange(6, dtype=np.int8)}, 'array "0": uint8 of shape [6] != int8 of shape [6]'),
        ({"0": np.arange(6, dtype=np.uint8)[None]}, 'array "0": uint8 of shape [6] != uint8 of shape [1, 6]'),
        ({"0": np.arange(6, dtype=np.uint8), "1": np.zeros(1)}, 'array "1": only in B'),
    ],
)
def test_arrays(folders, said, arrays, line):
    np.savez(folders[1] / "samples.npz", **arrays)
    status, lines = said()
    assert status == 1 and lines[:2] == [f"samples.npz: {line}", "1 of 6 results differ"]


def test_the_same_arrays_in_other_bytes_differ_by_their_checksum_alone(folders, said):
    a, b = folders
    np.savez_compressed(b / "samples.npz", **{"0": np.arange(6, dtype=np.uint8)})
    assert said()[0] == 0
    edit(b / "samples.npz.json", sha256(a / "samples.npz"), sha256(b / "samples.npz"))
    status, lines = said()
    assert status == 1 and lines[0].startswith('samples.npz.json: sha256: "')


@pytest.mark.parametrize(
    ("path", "old", "new", "line"),
    [
        ("metrics/ddpm/0.json", "1.5", "1.6", "scales.0.fid.0: 1.5 != 1.6"),
        ("metrics/ddpm/0.json", ", 1]", ", 1.0]", "scales.0.fid.1: 1 != 1.0"),
        ("metrics/ddpm/0.json", ", 1]", ", true]", "scales.0.fid.1: 1 != true"),
        ("metrics/ddpm/0.json", ", 1]", "]", "scales.0.fid: 2 entries != 1"),
        ("tables/summary.csv", "1.5", "1.6", 'row.1.fid: "1.5" != "1.6"'),
        ("tables/summary.csv", "fid", "FID", 'columns.1: "fid" != "FID"'),
    ],
)
def test_measurements_and_tables(folders, said, path, old, new, line):
    edit(folders[1] / path, old, new)
    status, lines = said()
    assert status == 1 and lines[0] == f"{path}: {line}" and "1 of 6 results differ" in lines


@pytest.mark.parametrize(("fid", "took", "status"), [("1.5", "0.1", 0), ("1.5", "0.2", 0), ("1.6", "0.1", 1)])
def test_pages_of_tables_are_compared_by_their_cells(folders, said, fid, took, status):
    for folder, *cells in ((folders[0], "1.5", "0.1"), (folders[1], fid, took)):
        page = Table([{"fid": cells}], [["FID", "s/img"]], [cells], "rr").html("summary")
        (folder / "tables/summary.html").write_text(page)
    assert said("--shown")[0] == status


def test_what_cannot_be_read(folders, said):
    (folders[1] / "samples.npz").write_bytes(b"PK")
    (folders[1] / "metrics/ddpm/0.json").write_text("{")
    status, lines = said()
    assert status == 1 and lines[0].startswith("metrics/ddpm/0.json: cannot be compared: ")
    assert lines[1].startswith("samples.npz: cannot be compared: ") and lines[2] == "2 of 6 results differ"


def test_files_to_be_looked_at_count_only_where_asked(folders, said):
    (folders[1] / "figures/modes.png").write_bytes(b"another")
    edit(folders[1] / "tables/summary.tex", "1.50", "1.60")
    expected = [
        "figures/modes.png: differs",
        'tables/summary.tex: 1.1: "1.50" != "1.60"',
        "6 results are the same",
        "beside them, 2 of 2 files to be looked at differ",
    ]
    assert said() == (0, expected)
    assert said("--shown") == (1, expected)


def test_a_file_that_is_missing(folders, said):
    a, b = folders
    (b / "metrics/ddpm/0.json").unlink()
    (a / "tables/summary.csv").unlink()
    (b / "figures/modes.png").unlink()
    status, lines = said()
    assert status == 1
    assert lines[:4] == [
        "metrics/ddpm/0.json: only in A",
        "tables/summary.csv: only in B",
        "figures/modes.png: only in A",
        "2 of 6 results differ",
    ]


def test_new_names(folders, said, tmp_path):
    _, b = folders
    (b / "metrics/ddpm").rename(b / "metrics/ancestral")
    for name in ("unet.safetensors", "unet.safetensors.json"):
        (b / "diffusion" / name).rename(b / "diffusion" / name.replace("unet", "u_net"))
    for old, new in (("ddpm", "ancestral"), ("fid", "frechet")):
        edit(b / "metrics/ancestral/0.json", f'"{old}"', f'"{new}"')
        edit(b / "tables/summary.csv", old, new)
    assert said()[0] == 1
    names = tmp_path / "names.yaml"
    names.write_text("ddpm: ancestral\nfid: frechet\nunet: u_net\n")
    status, lines = said("--renamed", str(names))
    assert (status, lines[-2:-1]) == (0, ["6 results are the same"])


def test_new_names_are_for_wholes_only():
    names = {"eps0": "eps1", "a": "b"}
    paths = {
        "eps0.5/eps0.5.npz.json": "eps0.5/eps0.5.npz.json",
        "eps0/eps0.npz.json": "eps1/eps1.npz.json",
        "a.json": "b.json",
        "a@2.json": "a@2.json",
    }
    assert {path: same.new_path(same.Path(path), names) for path in paths} == paths


@pytest.mark.parametrize("text", ["0.5: 1", "[a]", "a: ["])
def test_new_names_that_are_none(said, tmp_path, capsys, text):
    (tmp_path / "names.yaml").write_text(text)
    with pytest.raises(SystemExit) as ended:
        said("--renamed", str(tmp_path / "names.yaml"))
    assert ended.value.code == 2 and "names.yaml" in capsys.readouterr().err


def test_two_keys_of_one_new_name(said, tmp_path):
    (tmp_path / "names.yaml").write_text("scales: sampler\n")
    status, lines = said("--renamed", str(tmp_path / "names.yaml"))
    assert status == 1 and "two of the keys scales, sampler are the same" in lines[0]


def test_two_files_of_one_new_name(folders, said, tmp_path, capsys):
    shutil.copytree(folders[0] / "metrics/ddpm", folders[0] / "metrics/ddim")
    (tmp_path / "names.yaml").write_text("ddim: ddpm\n")
    with pytest.raises(SystemExit):
        said("--renamed", str(tmp_path / "names.yaml"))
    assert "two files are metrics/ddpm/0.json" in capsys.readouterr().err


def test_folders_without_results(tmp_path, capsys):
    with pytest.raises(SystemExit):
        same.main([str(tmp_path), str(tmp_path)])
    assert "holds a result" in capsys.readouterr().err
