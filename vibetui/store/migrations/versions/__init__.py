"""One file a revision; list each in `vibetui.store.prepare.REVISIONS` too."""
