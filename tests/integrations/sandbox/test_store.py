"""The sandbox's documents, in memory and in a file."""

from integrations.sandbox.store import Store


def test_documents_keep_their_first_position_when_replaced(tmp_path):
    path = str(tmp_path / "deep" / "sandbox.sqlite3")
    store = Store(path)
    store.put("things", "b", {"n": 1})
    store.put("things", "a", {"n": 2})
    store.put("things", "b", {"n": 3})
    store.put("other", "a", {"n": 9})
    assert store.all("things") == [{"n": 3}, {"n": 2}]
    store.close()
    assert Store(path).all("things") == [{"n": 3}, {"n": 2}]


def test_a_document_that_was_read_can_be_changed_without_changing_the_store():
    store = Store()
    store.put("things", "a", {"deep": {"list": [1]}})
    store.get("things", "a")["deep"]["list"].append(2)
    assert store.get("things", "a") == {"deep": {"list": [1]}}


def test_deleting_and_clearing_reach_the_file(tmp_path):
    path = str(tmp_path / "sandbox.sqlite3")
    store = Store(path)
    store.put_many([("things", "a", {}), ("things", "b", {}), ("other", "c", {})])
    store.delete("things", "a")
    store.delete("things", "nothing")
    assert (store.count("things"), Store(path).count("things")) == (1, 1)
    store.clear()
    assert (store.get("things", "b"), Store(path).all("other")) == (None, [])
