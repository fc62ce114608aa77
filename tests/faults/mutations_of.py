"""Bytes that were whole files once: some changed, some cut out, some put in twice."""

from __future__ import annotations

from hypothesis import strategies as st

Change = tuple[str, int, int, bytes]


def damaged(*files: bytes) -> st.SearchStrategy[bytes]:
    """One of the files, changed in one to four places."""
    changes = st.lists(
        st.tuples(
            st.sampled_from(["put", "cut", "repeat", "insert"]),
            st.integers(0, 2**20),
            st.integers(1, 64),
            st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from([b"\0" * 4, b"\xff" * 4, b"\x7f" * 8])),
        ),
        min_size=1,
        max_size=4,
    )
    return st.tuples(st.sampled_from(files), changes).map(lambda found: _changed(*found))


def _changed(data: bytes, changes: list[Change]) -> bytes:
    for way, place, length, content in changes:
        at = place % (len(data) + 1)
        if way == "put":
            data = data[:at] + content + data[at + len(content) :]
        elif way == "insert":
            data = data[:at] + content + data[at:]
        elif way == "repeat":
            data = data[:at] + data[at : at + length] * 3 + data[at + length :]
        else:
            data = data[:at] + data[at + length :]
    return data
