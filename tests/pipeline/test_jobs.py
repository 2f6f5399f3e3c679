"""The contract of jobs: every one of them and its result can cross a process or a network."""

import dataclasses
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pipeline.jobs import (
    Array,
    Job,
    JobKind,
    Priority,
    Result,
    Scalar,
    decode_job,
    decode_result,
    encode,
)
from tests.pipeline.echo_engine import echo_job

int64 = st.integers(-(2**63), 2**63 - 1)
scalars: st.SearchStrategy[Scalar] = st.one_of(
    st.text(), int64, st.floats(allow_nan=False), st.booleans(), st.none()
)
plain: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
arrays: st.SearchStrategy[dict[str, Array]] = st.dictionaries(
    st.text(max_size=8),
    hnp.arrays(np.float32, hnp.array_shapes(max_dims=3, min_side=0, max_side=5)),
    max_size=3,
)
jobs = st.builds(
    Job,
    id=st.text(),
    kind=st.sampled_from(JobKind),
    model=st.text(),
    session=st.text(),
    priority=st.sampled_from(Priority),
    key=st.none() | st.text(),
    deadline_s=st.none() | st.floats(0, 1e6),
    arrays=arrays,
    params=st.dictionaries(st.text(), scalars, max_size=4),
)
results = st.builds(
    Result,
    job=st.text(),
    values=st.dictionaries(st.text(), plain, max_size=4),
    arrays=arrays,
    error=st.none() | st.text(),
    cpu_s=st.floats(0, 1e6),
)


def assert_same(before: Job | Result, after: Job | Result) -> None:
    for each in dataclasses.fields(before):
        old, new = getattr(before, each.name), getattr(after, each.name)
        if each.name == "arrays":
            assert old.keys() == new.keys()
            for name in old:
                assert new[name].dtype == np.float32
                assert new[name].shape == old[name].shape
                np.testing.assert_array_equal(new[name], old[name])
        else:
            assert new == old
            assert type(new) is type(old)


@given(jobs)
def test_every_field_of_a_job_survives_the_journey(job: Job) -> None:
    assert_same(job, decode_job(encode(job)))


@given(results)
def test_every_field_of_a_result_survives_the_journey(result: Result) -> None:
    assert_same(result, decode_result(encode(result)))


def test_samples_that_are_a_view_into_others_arrive_as_they_look() -> None:
    track = np.arange(100, dtype=np.float32)
    job = dataclasses.replace(echo_job(), arrays={"samples": track[10:50:3]})
    np.testing.assert_array_equal(decode_job(encode(job)).arrays["samples"], track[10:50:3])


@pytest.mark.parametrize("stray", [lambda: 0, object(), {1, 2}.__iter__(), ValueError("x")])
def test_what_is_not_plain_data_is_refused_before_the_journey(stray: Any) -> None:
    with pytest.raises((NotImplementedError, TypeError)):
        encode(dataclasses.replace(echo_job(), params={"stray": stray}))
    with pytest.raises((NotImplementedError, TypeError)):
        encode(Result(job="1", values={"stray": stray}))


@pytest.mark.parametrize("stray", [b"bytes", [1, 2], {"a": 1}])
def test_a_param_that_is_no_scalar_is_refused_on_arrival(stray: Any) -> None:
    with pytest.raises(msgspec.ValidationError):
        decode_job(encode(dataclasses.replace(echo_job(), params={"stray": stray})))


@pytest.mark.parametrize("data", [b"", b"\x00", b"rubbish", b"\x81\xa2id\xa11"])
def test_rubbish_is_no_job(data: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_job(data)
