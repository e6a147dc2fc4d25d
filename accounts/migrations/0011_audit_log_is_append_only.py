from django.db import migrations

REFUSE = """
CREATE FUNCTION accounts_auditentry_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % refused', TG_OP USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER auditentry_is_append_only
    BEFORE UPDATE OR DELETE ON accounts_auditentry
    FOR EACH ROW EXECUTE FUNCTION accounts_auditentry_refuse_change();

CREATE TRIGGER auditentry_is_never_truncated
    BEFORE TRUNCATE ON accounts_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_auditentry_refuse_change();
"""

ALLOW = """
DROP TRIGGER auditentry_is_never_truncated ON accounts_auditentry;
DROP TRIGGER auditentry_is_append_only ON accounts_auditentry;
DROP FUNCTION accounts_auditentry_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_audit_log")]

    operations = [migrations.RunSQL(REFUSE, ALLOW)]
