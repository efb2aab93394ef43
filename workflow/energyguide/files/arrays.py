"""Weights as safetensors and arrays as npz, each with a JSON sidecar for those who read it. No pickle is read."""

from pathlib import Path

from energyguide.files.atomic import atomic, read_json, sha256, write_json


def sidecar(path):
    return Path(f"{path}.json")


def read_sidecar(path):
    """What is said of `path`, without a look at the file itself.

    Raises ValueError if that is missing or damaged.
    """
    if not sidecar(path).exists():
        raise ValueError(f"{sidecar(path)} is missing, which says what made {path}; delete that and run again")
    said = read_json(sidecar(path))
    if not isinstance(said, dict) or "sha256" not in said:
        raise ValueError(f"{sidecar(path)} does not say what made {path}; delete both and run again")
    return said


def write_sidecar(path, **info):
    write_json(sidecar(path), {"sha256": sha256(path), **info})


def check_sidecar(path):
    """Check the file at `path` against its sidecar.

    Raises ValueError for a file that is not the one that was written.
    """
    if sha256(path) != read_sidecar(path)["sha256"]:
        raise ValueError(f"{path} is damaged: its checksum is not the one in {sidecar(path)}; delete both and run again")


def save_tensors(path, weights):
    """A state dict as safetensors."""
    from safetensors.torch import save

    content = save({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()})
    with atomic(path) as temporary:  # by our own hand: the library's writer does not say why it fails
        temporary.write_bytes(content)


def load_tensors(path):
    """The state dict in a file of safetensors. Raises ValueError if it is not one."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged, or no safetensors ({error}); fetch it again, or delete it and run again") from error


def save_weights(path, weights, **info):
    """A state dict as safetensors, and its sidecar."""
    save_tensors(path, weights)
    write_sidecar(path, **info)


def load_weights(path):
    """The state dict saved at `path`. Raises ValueError if the file is damaged."""
    check_sidecar(path)
    return load_tensors(path)


def save_arrays(path, arrays, **info):
    """Named arrays as npz, and their sidecar."""
    import numpy as np

    with atomic(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, **arrays)
    write_sidecar(path, **info)


def load_arrays(path):
    """Named arrays saved at `path`. Raises ValueError if the file is damaged."""
    import numpy as np

    check_sidecar(path)
    with np.load(path) as arrays:
        return dict(arrays)


def map_arrays(path):
    """The same without reading them: they come from the disk where they are used, and are never changed there.

    Raises ValueError if the file is damaged.
    """
    import zipfile

    check_sidecar(path)
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
    return {entry.filename.removesuffix(".npy"): map_array(path, entry) for entry in entries}


def map_array(path, entry):
    """One array of an npz that `save_arrays` wrote: there they lie uncompressed, each after a header of zip and one of npy."""
    import numpy as np

    with open(path, "rb") as file:
        file.seek(entry.header_offset + 26)
        name, extra = (int.from_bytes(file.read(2), "little") for _ in range(2))
        file.seek(name + extra, 1)
        np.lib.format.read_magic(file)
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype.hasobject or entry.compress_type:
            raise ValueError(f"{path} was not written by this project; delete it and run again")
        if 0 in shape:
            return np.empty(shape, dtype)
        return np.asarray(np.memmap(path, dtype, "c", file.tell(), shape, "F" if fortran else "C"))
