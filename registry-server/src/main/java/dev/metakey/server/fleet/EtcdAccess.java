package dev.metakey.server.fleet;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How etcd is reached.
 *
 * @param endpoints {@code HOST:PORT} of some of its members
 * @param tls null: without
 * @param user empty: without a user
 * @param passwordFile what is in its first line is the user's password; null without a user
 * @param timeoutMs how long a member may take to answer, milliseconds
 */
public record EtcdAccess(
    List<String> endpoints,
    @Nullable Tls tls,
    String user,
    @Nullable Path passwordFile,
    long timeoutMs) {

  /**
   * @param ca whom etcd's certificate has to be signed by
   * @param cert of this host, for etcd; null: none
   * @param key its key
   */
  public record Tls(Path ca, @Nullable Path cert, @Nullable Path key) {}

  public EtcdAccess {
    endpoints = List.copyOf(endpoints);
  }
}
