# Operating the instance.
nav-operate = Operation
operate-version = Version
operate-database = Database
operate-database-sqlite = Embedded (SQLite)
operate-database-postgres = PostgreSQL
operate-free = Free on the disk
operate-read-only = cannot be written
operate-started = Running since
operate-backup = Backup
operate-backup-about = A consistent copy of the database and of every file, with a hash of each and the signed state of the audit trail. Work may go on meanwhile. hangtu restore checks all of it before it says that it is restored.
operate-backup-postgres = The database is PostgreSQL: this backup holds the files only. Back up the database with pg_dump right afterwards (docs/operate.md).
operate-backup-keys = With the signing keys
operate-backup-keys-hint = Needed to go on signing as this site after a restore. Whoever has them can sign in its name: keep such a backup under lock.
operate-backup-make = Make and download
