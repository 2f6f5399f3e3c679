"""Who wants to hear of a session's news in this process."""

from server.journal.protocol import OnNews, Unfollow


class Followers:
    """Callbacks by session; forgotten with the last of a session."""

    def __init__(self) -> None:
        self._by_session: dict[str, list[OnNews]] = {}

    @property
    def sessions(self) -> frozenset[str]:
        return frozenset(self._by_session)

    def add(self, session: str, on_news: OnNews) -> Unfollow:
        """Begin to tell ``on_news``; see ``Journal.follow``."""
        self._by_session.setdefault(session, []).append(on_news)
        is_following = True

        def end() -> None:
            nonlocal is_following
            if is_following:
                is_following = False
                self._by_session[session].remove(on_news)
                if not self._by_session[session]:
                    del self._by_session[session]

        return end

    def tell(self, session: str, seq: int | None) -> None:
        """Tell everybody who follows ``session``."""
        for on_news in list(self._by_session.get(session, ())):
            on_news(seq)
