"""How often those who only look on look by themselves."""

from orch_server.application.waiting import RARE_RELOOK_SECONDS, RELOOK_SECONDS, Patience


def test_looks_become_rare_where_nothing_happens_and_frequent_where_something_does() -> None:
    patience = Patience()
    waited = []
    for news in (True, *[False] * 6, True):
        patience.found(news=news)
        waited.append(patience.seconds)

    assert waited[0] == waited[-1] == RELOOK_SECONDS
    assert waited[:-1] == sorted(waited[:-1])
    assert waited[-2] == RARE_RELOOK_SECONDS
