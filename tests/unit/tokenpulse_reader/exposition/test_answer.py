"""An answer's pieces are the body, in steps of a bounded size."""

import gzip

from tokenpulse_reader.exposition.answer import LARGE_BYTES, PIECE_BYTES, Answer


def test_small_pieces_are_joined() -> None:
    """A small answer is one piece, an empty one too."""
    assert Answer.of([b"a", b"", b"b"]) == Answer((b"ab",), 2)
    assert Answer.of([]) == Answer((b"",), 0)


def test_pieces_stay_within_their_bound() -> None:
    """Unless one was larger from the start."""
    answer = Answer.of([b"a" * 60_000] * 5 + [b"b" * 2 * PIECE_BYTES, b"c"])

    assert [len(piece) for piece in answer.pieces] == [240_000, 60_000, 2 * PIECE_BYTES, 1]
    assert answer.size_bytes == len(answer.whole()) == 300_001 + 2 * PIECE_BYTES


def test_large_pieces_are_shared() -> None:
    """Two answers that hold one hold the same bytes, not two copies; nothing small comes between."""
    large = b"a" * LARGE_BYTES
    pieces = Answer.of([b"x", large, large, b"y"]).pieces

    assert [len(piece) for piece in pieces] == [1, LARGE_BYTES, LARGE_BYTES, 1]
    assert pieces[1] is large


def test_compressed_reads_back() -> None:
    """Between pieces somebody else may work."""
    answer = Answer.of([bytes([number]) * 200_000 for number in range(4)])
    breaths: list[int] = []
    compressed = answer.compressed(lambda: breaths.append(1))

    assert gzip.decompress(compressed.whole()) == answer.whole()
    assert len(breaths) == len(answer.pieces) == 4
