-- A rehearsal may be played live: the language its scripted players speak, empty for a drill of people.

ALTER TABLE drill ADD COLUMN language TEXT NOT NULL DEFAULT '';
