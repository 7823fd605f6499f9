-- What an identity provider sends, field by field: which of it becomes ours, and what was made of it.

ALTER TABLE connections ADD COLUMN mapping TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(mapping));
-- People who are added at their first sign-in.
ALTER TABLE connections ADD COLUMN jit TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(jit));

-- Further fields: `{"title": "Engineer"}`; one that is not there is empty.
ALTER TABLE people ADD COLUMN profile TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(profile));
-- Field → the connection that wrote it last, by which attribute, request and when; none: it was written by hand.
ALTER TABLE people ADD COLUMN sources TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(sources));

-- Fields that the organization defines for itself.
CREATE TABLE profile_fields (
    key             TEXT PRIMARY KEY,
    label           TEXT NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
