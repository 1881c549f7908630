"""The guide says what the registry says."""

from policies.__main__ import GUIDE, guide, main, table


def test_the_guide_lists_the_controls_as_they_are():
    text = GUIDE.read_text()

    assert text == guide(text), "run `python -m policies guide`"


def test_the_table_is_printed_on_request(capsys):
    assert main([]) == 0
    assert capsys.readouterr().out == table()
    assert "| STO-01 | Every bucket blocks public access | security | mandatory |" in table()


def test_an_unknown_word_is_refused_with_what_is_allowed(capsys):
    assert main(["tables"]) == 2
    assert "allowed are nothing, `guide`, `matrix` and `taggable`" in capsys.readouterr().err
