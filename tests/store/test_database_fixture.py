import psycopg


def test_each_test_has_an_empty_database(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url) as connection:
        found = connection.execute(
            "SELECT current_setting('server_version_num')::int >= 150000,"
            " pg_encoding_to_char(encoding),"
            " (SELECT count(*) FROM pg_tables WHERE schemaname = 'public')"
            " FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert found == (True, "UTF8", 0)
