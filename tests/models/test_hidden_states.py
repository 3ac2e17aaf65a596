"""The cache of hidden states and the embeddings pooled from them."""

import copy
import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest
import torch

from labkit.models import hidden_states as states
from labkit.models._kept_states import KeptStates, StateCache, explain
from labkit.models.encoder import load_foundation_model
from labkit.models.hidden_states import embed, fingerprint, hidden_states, tokenize
from tests.tiny import make_texts

pytestmark = pytest.mark.usefixtures("empty_cache")


def states_of(model, texts, *, layer, dtype=torch.float32, disk=True):
    """Return the hidden states of texts."""
    return hidden_states(model, tokenize(model, texts, 128), layer=layer, dtype=dtype, disk=disk)


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_states_equal_the_encoder(model, layer):
    """What enters block ``layer`` is what transformers calls ``hidden_states[layer]``."""
    texts, *_ = make_texts(40)
    found = states_of(model, texts, layer=layer)
    hidden, mask = found.batch(range(40))
    batch = model.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        expected = model.encoder(**batch, output_hidden_states=True).hidden_states[layer]
    assert torch.equal(mask, batch["attention_mask"])
    torch.testing.assert_close(hidden[mask.bool()], expected[mask.bool()], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_states_do_not_depend_on_the_texts_around(model, dtype):
    """A text has the same states, bit for bit, computed alone or among others."""
    texts, *_ = make_texts(70)
    together = states_of(model, texts, layer=2, dtype=dtype, disk=False)
    for row in (0, 3, 69):
        alone = states_of(model, texts[row : row + 1], layer=2, dtype=dtype, disk=False)
        assert torch.equal(alone.batch([0])[0], together.batch([row])[0])


def test_second_call_reads_and_computes_nothing(model, monkeypatch):
    """Only texts that are new are computed; what is read equals what was computed."""
    texts, *_ = make_texts(300)
    first, vectors = states_of(model, texts, layer=2), embed(model, texts)
    computed = []
    run = states.run_blocks
    monkeypatch.setattr(
        states, "run_blocks", lambda m, ids, rows, *a, **k: computed.extend(rows) or run(m, ids, rows, *a, **k)
    )
    again = states_of(model, [*texts, "a text that is new"], layer=2)
    assert computed == [300]
    assert torch.equal(again.values[: len(first.values)], first.values)
    assert np.array_equal(embed(model, texts), vectors) and computed == [300]


def test_changed_weights_do_not_find_old_states(model):
    """The cache is keyed by the weights, not by the model's name."""
    changed = copy.deepcopy(model)
    with torch.no_grad():
        changed.encoder.encoder.layer[0].output.dense.weight[0, 0] += 1
    assert fingerprint(changed, 1) != fingerprint(model, 1) and fingerprint(changed, 0) == fingerprint(model, 0)


@pytest.fixture
def changeable(model):
    """A copy of the model whose weights a test may change, after its fingerprint was taken."""
    changeable = copy.deepcopy(model)
    fingerprint(changeable, 2)
    return changeable


def train_one_step(model, **options):
    """Take one step of AdamW on the encoder."""
    optimizer = torch.optim.AdamW(model.encoder.parameters(), lr=1e-3, **options)
    batch = model.tokenizer(["a text"], return_tensors="pt")
    model(batch["input_ids"], batch["attention_mask"]).sum().backward()
    optimizer.step()


def load_other_weights(model):
    """Load weights in which one number differs."""
    state = {name: value.clone() for name, value in model.state_dict().items()}
    state["encoder.embeddings.LayerNorm.bias"][0] += 1e-6
    model.load_state_dict(state)


def replace_parameter(model):
    """Put another parameter in the place of one."""
    block = model.encoder.encoder.layer[1]
    block.output.dense.weight = torch.nn.Parameter(block.output.dense.weight.detach() * 1.01)


CHANGES = {
    "in place": lambda model, table: table[7].add_(1e-6),
    "through data": lambda model, table: table.data[7].add_(1e-6),
    "through numpy": lambda model, table: np.add.at(table.detach().numpy(), (7, 3), 1e-6),
    "rows exchanged": lambda model, table: table.data.__setitem__([7, 8], table.data[[8, 7]]),
    "columns exchanged": lambda model, table: table.data.copy_(table.data.flip(1)),
    "pairs of columns exchanged": lambda model, table: table.data.copy_(table.data.roll(2, 1)),
    "load_state_dict": lambda model, table: load_other_weights(model),
    "replaced": lambda model, table: replace_parameter(model),
    "training step": lambda model, table: torch.enable_grad()(train_one_step)(model),
    "fused training step": lambda model, table: torch.enable_grad()(train_one_step)(model, fused=True),
    "configuration": lambda model, table: setattr(model.encoder.config, "layer_norm_eps", 1e-3),
}


@pytest.mark.parametrize("change", CHANGES)
def test_every_change_gives_another_fingerprint(model, changeable, change):
    """However weights are changed: fused optimizers, ``.data`` and numpy leave torch's version counters alone."""
    assert fingerprint(changeable, 2) == fingerprint(model, 2)
    with torch.no_grad():
        CHANGES[change](changeable, changeable.encoder.embeddings.word_embeddings.weight)
    assert fingerprint(changeable, 2) != fingerprint(model, 2)


def test_weights_are_hashed_once(model, changeable, monkeypatch):
    """A copy of a model, and weights that were changed back, are known; the fingerprint is the same."""
    table = changeable.encoder.embeddings.word_embeddings.weight
    with torch.no_grad():
        table.neg_()
        fingerprint(changeable, 2)
        table.neg_()
    known = dict(states.FINGERPRINTS)
    assert fingerprint(copy.deepcopy(changeable), 2) == fingerprint(model, 2)
    assert known == states.FINGERPRINTS
    monkeypatch.setattr(states, "FINGERPRINTS", {})
    assert fingerprint(changeable, 2) == fingerprint(model, 2)


def test_remembered_fingerprints_are_limited(model, monkeypatch):
    """A program that makes ever new models does not fill the memory."""
    monkeypatch.setattr(states, "FINGERPRINTS", {})
    monkeypatch.setattr(states, "MOST_FINGERPRINTS", 2)
    first = [fingerprint(model, layer) for layer in (0, 1, 2)]
    assert len(states.FINGERPRINTS) == 1 and [fingerprint(model, layer) for layer in (0, 1, 2)] == first


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.bfloat16, 1e-2)])
def test_threads_change_states_by_rounding_only(dtype, tolerance):
    """Of the shipped model, on texts of many lengths: what one thread filled serves a run with several."""
    shipped = load_foundation_model()
    texts = make_texts(3)[0] + ["the nurse said that she was tired and went home " * many for many in (1, 4)]
    threads, found = torch.get_num_threads(), []
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            found.append(states_of(shipped, texts, layer=shipped.depth, dtype=dtype, disk=False).values.float())
    finally:
        torch.set_num_threads(threads)
    assert ((found[1] - found[0]).norm(dim=1) / found[0].norm(dim=1)).max() < tolerance


def test_embedding_is_the_mean_over_a_texts_tokens(model):
    """Padding does not enter the mean."""
    texts, *_ = make_texts(5)
    vectors = embed(model, texts, precision="float32")
    assert vectors.shape == (5, 32) and vectors.dtype == np.float32
    for text, vector in zip(texts, vectors, strict=True):
        with torch.inference_mode():
            hidden = model.encoder(**model.tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        np.testing.assert_allclose(vector, hidden.mean(0).numpy(), atol=1e-5)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_embedding_starts_from_what_is_kept(model, pooling, monkeypatch):
    """Bit for bit the same, whether the blocks below are run again or read; and they are not run again."""
    texts, *_ = make_texts(50)
    whole = embed(model, texts, pooling=pooling, precision="float32")
    clear_cache()
    states_of(model, texts[:30], layer=1)
    starts = []
    blocks = model.blocks
    monkeypatch.setattr(
        model, "blocks", lambda hidden, mask, **k: starts.append(k["start"]) or blocks(hidden, mask, **k)
    )
    assert np.array_equal(embed(model, texts, pooling=pooling, precision="float32"), whole)
    assert set(starts) == {0, 1}  # twenty texts are new
    starts.clear()
    embed(model, texts[:30], pooling={"mean": "cls", "cls": "mean"}[pooling], precision="float32")
    assert set(starts) == {1}


def test_states_that_are_removed_meanwhile_are_computed(model, monkeypatch):
    """Another process may remove what was there a moment ago."""
    texts, *_ = make_texts(20)
    whole = embed(model, texts, precision="float32")
    clear_cache()
    states_of(model, texts, layer=1)
    monkeypatch.setattr(KeptStates, "get", lambda self, row: None)
    assert np.array_equal(embed(model, texts, precision="float32"), whole)


def test_first_token_can_be_embedded_instead(model):
    """``pooling="cls"`` gives the first token's last state, kept apart from the mean."""
    texts, *_ = make_texts(3)
    mean, first = embed(model, texts, precision="float32"), embed(model, texts, pooling="cls", precision="float32")
    batch = model.tokenizer(texts, padding=True, return_tensors="pt")
    with torch.inference_mode():
        expected = model.encoder(**batch).last_hidden_state[:, 0].numpy()
    np.testing.assert_allclose(first, expected, atol=1e-5)
    assert not np.allclose(first, mean, atol=1e-3) and np.array_equal(embed(model, texts, precision="float32"), mean)


def test_unknown_pooling_is_refused(model):
    """The message names what there is."""
    with pytest.raises(ValueError, match="pooling 'max' is not one of mean, cls"):
        embed(model, ["a text"], pooling="max")


def test_cache_is_bounded(model, monkeypatch):
    """Beyond the limit the oldest states go, and results stay right."""
    monkeypatch.setenv("LABKIT_STATES_GB", str(1 / 1024))  # 1 MiB
    texts, *_ = make_texts(800)
    whole = states_of(model, texts, layer=2)
    assert whole.values.nbytes > 1.5 * 2**20
    with StateCache() as cache:
        assert cache.database.volume() < 1.5 * 2**20
    assert torch.equal(states_of(model, texts, layer=2).values, whole.values)


@pytest.mark.slow
def test_two_processes_fill_the_cache_at_once(model, tmp_path):
    """This process and another one start together; both end well, and both get what one process alone computes."""
    code = (
        "import sys; import numpy as np; from tests.models.test_hidden_states import make_texts, states_of;"
        "from labkit.models.encoder import load_foundation_model; m = load_foundation_model(sys.argv[1]);"
        "print('ready', flush=True); sys.stdin.readline(); s = states_of(m, make_texts(600)[0], layer=2);"
        "np.save(sys.argv[2], s.values.numpy())"
    )
    texts, file = make_texts(600)[0], tmp_path / "other.npy"
    command = [sys.executable, "-c", code, str(model.name), str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "ready\n"
        other.stdin.write("go\n")
        other.stdin.flush()
        here = states_of(model, texts, layer=2).values.numpy()
        assert other.wait(timeout=120) == 0
    expected = states_of(model, texts, layer=2, disk=False).values.numpy()
    assert np.array_equal(here, expected) and np.array_equal(np.load(file), expected)


def clear_cache():
    """Remove every state."""
    with StateCache() as cache:
        cache.database.clear()


def write_much():
    """Write 3 MB of states in one transaction."""
    with StateCache() as cache:
        cache.write([(bytes([number]), bytes(30_000)) for number in range(100)])


def run_sql(folder, statement, values=()):
    """Change the database of the cache of hidden states, as another program would."""
    with StateCache():
        pass
    with closing(sqlite3.connect(folder / "states" / "cache.db")) as connection, connection:
        connection.execute(statement, values)


def set_pragma(folder, name, value):
    """Let every later connection of diskcache to the cache run this pragma of SQLite."""
    run_sql(folder, "INSERT OR REPLACE INTO Settings VALUES (?, ?)", (f"sqlite_{name}", value))


@pytest.fixture
def computed(model):
    """Return texts, and their states without the cache."""
    texts, *_ = make_texts(20)
    return texts, states_of(model, texts, layer=1, disk=False).values


def test_damaged_cache_costs_time_and_says_what_to_delete(model, empty_cache, computed):
    """A broken database is named; nothing wrong is read from it, and the states are computed."""
    texts, expected = computed
    (empty_cache / "states").mkdir(parents=True)
    (empty_cache / "states" / "cache.db").write_bytes(b"not a database" * 1000)
    with pytest.warns(UserWarning, match=r"cache of hidden states is damaged .*; delete .*states and run again"):
        assert torch.equal(states_of(model, texts, layer=1).values, expected)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE Cache SET value = 5, mode = 1",
        "UPDATE Cache SET value = 'text', mode = 3, filename = '../../secret'",
        "UPDATE Cache SET value = x'80049529', mode = 4",
        "UPDATE Cache SET value = x'00'",
        "UPDATE Cache SET value = NULL",
        "UPDATE Cache SET value = (SELECT value FROM Cache AS other WHERE other.rowid != Cache.rowid"
        " AND length(other.value) = length(Cache.value))",
        "UPDATE Cache SET value = CAST(substr(value, 1, length(value) - 4) || x'0000c07f' AS BLOB)",
        "UPDATE Settings SET value = 'nonsense' WHERE key = 'eviction_policy'",
    ],
    ids=["number", "file", "pickle", "short", "nothing", "exchanged", "NaN", "setting"],
)
def test_foreign_values_are_computed_again(model, empty_cache, computed, statement):
    """What labkit did not write, or wrote under another key, is not taken for a state; then it is replaced."""
    texts, expected = computed
    states_of(model, texts, layer=1)
    run_sql(empty_cache, statement)
    assert torch.equal(states_of(model, texts, layer=1).values, expected)
    assert torch.equal(states_of(model, texts, layer=1).values, expected)


def test_single_changed_bytes_do_not_change_states(model, empty_cache, computed):
    """Every byte of a value is under the digest."""
    texts, expected = computed
    states_of(model, texts, layer=1)
    with closing(sqlite3.connect(empty_cache / "states" / "cache.db")) as connection, connection:
        rows = connection.execute("SELECT rowid, value FROM Cache").fetchall()
        for number, (rowid, value) in enumerate(rows):
            changed = bytearray(value)
            changed[number * len(value) // len(rows)] ^= 1
            connection.execute("UPDATE Cache SET value = ? WHERE rowid = ?", (bytes(changed), rowid))
    assert torch.equal(states_of(model, texts, layer=1).values, expected)


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE Cache",
        "ALTER TABLE Cache RENAME COLUMN value TO other",
        "INSERT INTO Settings VALUES ('disk_colour', 'red')",
        "INSERT INTO Settings VALUES ('sqlite_nonsense x', 'y z')",
        "UPDATE Settings SET key = 5 WHERE key = 'cull_limit'",
        "CREATE TRIGGER evil BEFORE INSERT ON Cache BEGIN SELECT RAISE(ABORT, 'no'); END",
    ],
    ids=["table", "column", "option", "pragma", "key", "trigger"],
)
@pytest.mark.filterwarnings("ignore:the cache of hidden states is damaged:UserWarning")
def test_foreign_database_costs_time_and_no_results(model, empty_cache, computed, statement):
    """Whatever diskcache makes of it, the states are right."""
    texts, expected = computed
    states_of(model, texts[:10], layer=1)
    run_sql(empty_cache, statement)
    assert torch.equal(states_of(model, texts, layer=1).values, expected)


def test_values_in_files_are_neither_read_nor_removed(empty_cache, tmp_path):
    """A foreign row that names a file outside of the folder cannot make labkit delete it."""
    (tmp_path / "precious").write_text("kept")
    write_much()
    run_sql(empty_cache, "UPDATE Cache SET filename = '../../precious', mode = 2")
    write_much()
    clear_cache()
    assert (tmp_path / "precious").read_text() == "kept"


def test_full_disk_asks_for_space_and_keeps_the_cache(empty_cache):
    """Nothing is damaged, so nothing is to be deleted; what was kept before is still there."""
    set_pragma(empty_cache, "max_page_count", 100)
    with StateCache() as cache:
        cache.write([(b"before", b"kept")])
    with pytest.warns(UserWarning, match=r"is full \(database or disk is full\); free space in .*LABKIT_CACHE") as info:
        write_much()
    assert "damaged" not in str(info[0].message)
    with StateCache() as cache:
        assert cache.read(b"before", (4,), torch.uint8) is not None


def test_full_disk_loses_no_states(model, empty_cache, computed):
    """The results that are computed when the disk is full are returned."""
    texts, expected = computed
    set_pragma(empty_cache, "max_page_count", 12)
    with pytest.warns(UserWarning, match="free space"):
        assert torch.equal(states_of(model, texts, layer=1).values, expected)


def test_failing_disk_is_not_called_damaged(empty_cache):
    """A file that cannot grow any more is an I/O error: look at the disk."""
    resource = pytest.importorskip("resource")
    with StateCache():
        pass
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.warns(UserWarning, match=r"failed to read or write \(disk I/O error\).*check the free space"):
            write_much()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_cache_that_may_not_be_written_asks_for_permission(model, empty_cache, computed):
    """A read-only database names the folder and the way round it; states are computed."""
    texts, expected = computed
    set_pragma(empty_cache, "query_only", 1)
    with pytest.warns(UserWarning, match=r"cannot be written \(attempt to write a readonly.*permission .*states"):
        assert torch.equal(states_of(model, texts, layer=1).values, expected)


def test_transaction_that_cannot_begin_ends(empty_cache, monkeypatch):
    """diskcache could try it for ever; the cause is named, although diskcache hides it."""
    with StateCache() as cache:
        monkeypatch.setattr(cache.database, "_timeout", 0)
        cache.database.close()
        with closing(sqlite3.connect(empty_cache / "states" / "cache.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.warns(UserWarning, match=r"another program is using .*database is locked"):
                cache.write([(b"key", b"value")])


def test_folder_that_cannot_be_created_asks_for_another(model, tmp_path, monkeypatch, computed):
    """The message names the folder and the setting that moves it; states and embeddings are computed."""
    texts, expected = computed
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LABKIT_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match=r"cannot make the cache folder .*file.*LABKIT_CACHE"):
        assert torch.equal(states_of(model, texts, layer=1).values, expected)
    with pytest.warns(UserWarning, match="LABKIT_CACHE"):
        assert embed(model, texts).shape == (20, 32)


@pytest.mark.parametrize("size", ["abc", "nan", "inf", "4 GB"])
def test_size_of_the_cache_that_is_no_number_is_rejected(model, monkeypatch, size):
    """The message names the variable."""
    monkeypatch.setenv("LABKIT_STATES_GB", size)
    with pytest.raises(ValueError, match=f"LABKIT_STATES_GB is '{size}'; give"):
        embed(model, ["a text"])


@pytest.mark.parametrize("size", ["", "0", "-1", "1e300"])
def test_odd_sizes_of_the_cache_change_no_states(model, monkeypatch, computed, size):
    """An empty value is the default; no room means that nothing stays for long."""
    monkeypatch.setenv("LABKIT_STATES_GB", size)
    texts, expected = computed
    assert torch.equal(states_of(model, texts, layer=1).values, expected)


def test_locked_cache_asks_to_wait(empty_cache):
    """Another program that holds the database for a minute is no damage."""
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    assert "wait until it is done" in explain(error)


def test_states_that_do_not_fit_memory_are_refused():
    """The message says what to use instead."""
    with pytest.raises(MemoryError, match='trainable_layers="all"'):
        states.check_memory(2**60)


def test_unknown_precision_is_refused(model):
    """The message names what there is."""
    with pytest.raises(ValueError, match="precision 'float8' is not one of auto, float32, bfloat16"):
        embed(model, ["a text"], precision="float8")


def test_tokens_in_memory_are_limited(model, monkeypatch):
    """Beyond the limit they are forgotten, and texts are tokenized again."""
    texts, *_ = make_texts(20, seed=8)
    monkeypatch.setattr(states, "REMEMBERED", 10)
    first = tokenize(model, texts, 63)
    assert tokenize(model, texts, 63) == first
    tokenize(model, texts[:1], 63)
    assert len(states.READ[model.tokenizer][63, len(model.tokenizer)]) == 1


@pytest.mark.parametrize(
    ("texts", "message"), [("one text", "one string"), ([], "texts is empty"), (["a", None], r"texts\[1\] is None")]
)
def test_bad_texts_are_refused(model, texts, message):
    """A single string is not taken for a list of letters."""
    with pytest.raises(ValueError, match=message):
        embed(model, texts)


def test_tokens_are_remembered_and_cut(model, monkeypatch):
    """A text is tokenized once, and to each length separately."""
    texts, *_ = make_texts(20, seed=9)
    whole = tokenize(model, texts, 64)
    assert [len(row) for row in tokenize(model, texts, 4)] == [4] * 20
    monkeypatch.setattr(type(model.tokenizer), "__call__", None)
    assert tokenize(model, texts[::-1], 64) == whole[::-1]
