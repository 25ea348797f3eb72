package dev.metakey.bench;

import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.sqlite.SQLiteConfig;

/** SQLite in this process, with a write-ahead log that is synced at each change. */
final class Sqlite implements Connection {
  private static final int WAIT_MS = 60_000;

  private final java.sql.Connection connection;
  private final Map<Op, PreparedStatement> statements = new EnumMap<>(Op.class);

  Sqlite(Path file) throws SQLException {
    SQLiteConfig config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    config.setBusyTimeout(WAIT_MS);
    this.connection = DriverManager.getConnection("jdbc:sqlite:" + file, config.toProperties());
    try (Statement create = connection.createStatement()) {
      create.execute(
          "CREATE TABLE IF NOT EXISTS fields (name TEXT PRIMARY KEY, size INTEGER) WITHOUT ROWID");
    }
    prepare(Op.CLAIM, "INSERT INTO fields VALUES (?, 2)");
    prepare(Op.RELEASE, "DELETE FROM fields WHERE name = ?");
    prepare(Op.LOOK_UP, "SELECT size FROM fields WHERE name = ?");
  }

  private void prepare(Op op, String sql) throws SQLException {
    statements.put(op, connection.prepareStatement(sql));
  }

  @Override
  public void call(Op op, String name) {
    PreparedStatement statement = Objects.requireNonNull(statements.get(op));
    try {
      statement.setString(1, name);
      boolean done = op == Op.LOOK_UP ? isThere(statement) : statement.executeUpdate() == 1;
      if (!done) {
        throw new IllegalStateException("SQLite did not do it: %s %s".formatted(op, name));
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean isThere(PreparedStatement look) throws SQLException {
    try (ResultSet found = look.executeQuery()) {
      return found.next();
    }
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
