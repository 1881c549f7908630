import gc
import weakref

from localcloud.extensions import load


def test_an_overwritten_object_is_let_go():
    from moto.s3.models import FakeKey

    load()
    key = FakeKey("k", b"bytes", account_id="999999999999", region_name="eu-central-1")
    watched = weakref.ref(key)
    del key
    gc.collect()
    assert watched() is None
