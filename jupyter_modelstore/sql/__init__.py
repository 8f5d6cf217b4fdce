"""The database of a Supabase project: numbered migrations, and the tool that installs them.

A migration is a file ``NNN_name.sql``. Each runs in a transaction of its own and is recorded with its sha256 in
``modelstore_private.migrations``; run again it changes nothing. What has been released is never edited: a change is a new
number. ``adopt.sql`` runs before the first where a table of an earlier application is there.
"""

from jupyter_modelstore.sql._install import Database, Migration, migrations, script

__all__ = ["Database", "Migration", "migrations", "script"]
