package dev.metakey.server.fleet;

import com.google.protobuf.ByteString;
import com.google.protobuf.MessageLite;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** What is to be so, and what is changed if all of it is. */
public final class Txn {
  private final Map<String, Long> expected = new LinkedHashMap<>();
  private final Map<String, ByteString> puts = new LinkedHashMap<>();
  private final Set<String> deletes = new LinkedHashSet<>();

  /** There is no such key; none below it, if it ends in a slash. */
  Txn absent(String key) {
    return unchanged(key, 0);
  }

  /**
   * The key has not changed since.
   *
   * @param revision 0: it is not there
   */
  Txn unchanged(String key, long revision) {
    expected.put(key, revision);
    return this;
  }

  Txn put(String key, MessageLite value) {
    puts.put(key, value.toByteString());
    return this;
  }

  Txn delete(String key) {
    deletes.add(key);
    return this;
  }

  /** By key, the revision that it is to have. */
  Map<String, Long> expected() {
    return Collections.unmodifiableMap(expected);
  }

  Map<String, ByteString> puts() {
    return Collections.unmodifiableMap(puts);
  }

  Set<String> deletes() {
    return Collections.unmodifiableSet(deletes);
  }
}
