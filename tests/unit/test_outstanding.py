from faust.types import TP

from agents.outstanding import ChunkMessage, Outstanding
from hub.chunk import Chunk, Record

PLACE = TP("liaison.test", 0)


def message(*offsets: int, place: TP = PLACE) -> ChunkMessage:
    records = tuple(Record(offset, None, b"") for offset in offsets)
    made = ChunkMessage(place.topic, place.partition, offsets[-1], 0.0, 0, None, None, None, None, tp=place)
    made.chunk, made.epoch, made.finished = Chunk(place.topic, place.partition, records), 1, False
    return made


def test_a_finished_chunk_may_be_committed_up_to_the_offset_after_its_last() -> None:
    outstanding, chunk = Outstanding(), message(3, 4, 9)
    outstanding.hand_out(chunk)

    outstanding.finish(chunk)

    assert outstanding.committable() == {PLACE: 10}
    assert outstanding.unfinished == 0


def test_a_chunk_finished_before_an_earlier_one_is_not_committed() -> None:
    outstanding, first, second = Outstanding(), message(0, 1), message(2, 3)
    outstanding.hand_out(first)
    outstanding.hand_out(second)

    outstanding.finish(second)
    held = dict(outstanding.committable())
    outstanding.finish(first)

    assert held == {}
    assert outstanding.committable() == {PLACE: 4}


def test_an_unfinished_chunk_holds_back_its_own_partition_only() -> None:
    outstanding, elsewhere = Outstanding(), TP("liaison.test", 1)
    here, there = message(0), message(7, place=elsewhere)
    outstanding.hand_out(here)
    outstanding.hand_out(there)

    outstanding.finish(there)

    assert outstanding.committable() == {elsewhere: 8}
    assert outstanding.unfinished == 1


def test_what_is_forgotten_is_not_committed() -> None:
    outstanding, chunk = Outstanding(), message(0)
    outstanding.hand_out(chunk)
    outstanding.finish(chunk)

    outstanding.forget()

    assert outstanding.committable() == {}
