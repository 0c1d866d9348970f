-- How somebody wants the pages: NULL is no choice, and then the browser's counts.
ALTER TABLE users ADD COLUMN lang  TEXT CHECK (lang IN ('es', 'en'));
ALTER TABLE users ADD COLUMN theme TEXT CHECK (theme IN ('system', 'light', 'dark'));

-- Commands that came to nothing, by when: the home page asks for those of the last day.
CREATE INDEX commands_lost ON commands (finished_ms) WHERE state IN ('failed', 'expired');
