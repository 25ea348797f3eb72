package dev.metakey.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Redis, set up to answer a change only when it is on the disk. */
final class RedisServer extends Server {
  private final Path program;

  RedisServer(Children children, Path directory, Path program) throws IOException {
    super("Redis", children, directory);
    this.program = program;
  }

  @Override
  Path socket() {
    return directory.resolve("redis.sock");
  }

  @Override
  List<String> command() {
    return List.of(
        program.toString(),
        "--port",
        "0",
        "--unixsocket",
        socket().toString(),
        "--appendonly",
        "yes",
        "--appendfsync",
        "always",
        "--save",
        "");
  }

  @Override
  Connection connect() throws IOException {
    return new RedisConnection(socket());
  }

  @Override
  AsyncConnection connectAsync(int client) throws IOException {
    return new RedisAsyncConnection(socket());
  }

  /**
   * What Redis tells its subscribers is not kept: of all servers here, only this one is not durable
   * when it tells.
   */
  @Override
  void change(Connection connection, String name, int turn) {
    ((RedisConnection) connection).send("PUBLISH", name, Integer.toString(turn));
  }

  @Override
  AutoCloseable watch(String name, Runnable told) throws IOException {
    RedisAsyncConnection connection = new RedisAsyncConnection(socket());
    connection.subscribe(name, told);
    return connection;
  }
}
