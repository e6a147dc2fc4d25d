from django.db import migrations

REFUSE = """
CREATE FUNCTION accounts_creditentry_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'credit entries are append-only: % refused', TG_OP
        USING ERRCODE = 'restrict_violation', HINT = 'Post a correcting entry.';
END
$$;

CREATE TRIGGER creditentry_is_append_only
    BEFORE UPDATE OR DELETE ON accounts_creditentry
    FOR EACH ROW EXECUTE FUNCTION accounts_creditentry_refuse_change();

CREATE TRIGGER creditentry_is_never_truncated
    BEFORE TRUNCATE ON accounts_creditentry
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_creditentry_refuse_change();
"""

ALLOW = """
DROP TRIGGER creditentry_is_never_truncated ON accounts_creditentry;
DROP TRIGGER creditentry_is_append_only ON accounts_creditentry;
DROP FUNCTION accounts_creditentry_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
