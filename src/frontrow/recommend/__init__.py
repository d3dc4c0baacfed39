"""What to show whom: from viewing signals to a page, with a reason on every tile.

    signals.from_events(events, titles) -> Interactions        one signed weight a (viewer, title)
    model.fit(interactions, titles, config, now_ms=, seed=)    -> Model; .files() to publish, Model.load(source) to open
    viewer.viewer_from_events(events, member, profile)         -> Viewer, kept in memory; viewer.observe(viewer, event)
    page.build_page(model, viewer, now_ms=, config=)           -> answer.Page: rows of tiles, encoded as it stands
    rank.rank(model, viewer, k, now_ms=)                       -> answer.Ranked
    rank.similar(model, title, k, now_ms=, viewer=)            -> answer.Ranked

Everything here is pure: no I/O, no clock, no global randomness.
"""
