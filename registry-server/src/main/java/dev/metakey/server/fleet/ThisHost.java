package dev.metakey.server.fleet;

import dev.metakey.model.Snapshot;
import dev.metakey.server.domain.Fleet;
import dev.metakey.server.domain.Programs;
import java.nio.file.Path;

/** What a host is and has, beside its fleet. */
public interface ThisHost {
  /** What it is called. */
  String name();

  /** A hash of its machine id; empty if it has none. */
  String machine();

  /** The version of its daemon. */
  String version();

  /** Where it keeps what it knows of its fleet. */
  Path file();

  Snapshot snapshot();

  Programs programs();

  /** Has the rules go by it. */
  void take(Fleet fleet);
}
