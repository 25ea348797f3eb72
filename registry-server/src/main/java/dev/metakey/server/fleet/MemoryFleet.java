package dev.metakey.server.fleet;

import com.google.protobuf.ByteString;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** What the hosts of one process share: for tests, and to try how many hosts get on. */
public final class MemoryFleet {
  private static final String AWAY = "the fleet's store is away";

  private final NavigableMap<String, FleetStore.Entry> entries = new TreeMap<>();
  private final List<FleetStore.Entry> changes = new ArrayList<>(); // one a revision and key
  private long revision = 1;
  private long compacted;
  private volatile boolean away;
  private final List<Member> members = new CopyOnWriteArrayList<>();

  /** A host's way to it. */
  public FleetStore connect() {
    Member member = new Member();
    members.add(member);
    return member;
  }

  /** Whether anybody gets an answer; nobody is told of changes meanwhile. */
  public void setAway(boolean isAway) {
    away = isAway;
    if (isAway) {
      members.forEach(member -> member.end(AWAY));
    }
  }

  /** Forgets changes, as etcd does now and then. */
  public synchronized void compact() {
    compacted = revision;
    changes.clear();
  }

  /** A copy, to be put back later. */
  record Copy(long revision, SortedMap<String, FleetStore.Entry> entries) {}

  synchronized Copy copy() {
    return new Copy(revision, new TreeMap<>(entries));
  }

  /** Puts an older copy back, as an admin does with etcd's; all watches end. */
  void restore(Copy copy) {
    synchronized (this) {
      revision = copy.revision();
      compacted = revision;
      changes.clear();
      entries.clear();
      entries.putAll(copy.entries());
    }
    members.forEach(member -> member.end("restored"));
  }

  /** What somebody else writes, right or wrong; null deletes. */
  synchronized void put(String key, @Nullable ByteString value) {
    revision++;
    set(key, value);
    tell();
  }

  private synchronized boolean commit(Txn txn) {
    for (Map.Entry<String, Long> each : txn.expected().entrySet()) {
      boolean isSo =
          each.getKey().endsWith("/")
              ? below(each.getKey()).isEmpty()
              : revisionOf(each.getKey()) == each.getValue();
      if (!isSo) {
        return false;
      }
    }
    revision++;
    for (String key : txn.deletes()) {
      List.copyOf(key.endsWith("/") ? below(key).keySet() : List.of(key))
          .forEach(each -> set(each, null));
    }
    txn.puts().forEach(this::set);
    tell();
    return true;
  }

  private long revisionOf(String key) {
    FleetStore.Entry entry = entries.get(key);
    return entry == null ? 0 : entry.revision();
  }

  private void set(String key, @Nullable ByteString value) {
    FleetStore.Entry entry = new FleetStore.Entry(key, value, revision);
    if (value == null) {
      entries.remove(key);
    } else {
      entries.put(key, entry);
    }
    changes.add(entry);
  }

  private void tell() {
    members.forEach(Member::tell);
  }

  private SortedMap<String, FleetStore.Entry> below(String prefix) {
    return entries.subMap(prefix, prefix.substring(0, prefix.length() - 1) + '0');
  }

  private synchronized FleetStore.Read read(Collection<String> keys) {
    SortedMap<String, FleetStore.Entry> found = new TreeMap<>();
    for (String key : keys) {
      FleetStore.Entry entry = entries.get(key);
      if (key.endsWith("/")) {
        found.putAll(below(key));
      } else if (entry != null) {
        found.put(key, entry);
      }
    }
    return new FleetStore.Read(revision, found);
  }

  private final class Member implements FleetStore {
    private String watched = "";
    private long told;
    private @Nullable Listener listener;

    private void requireThere() throws FleetException {
      if (away) {
        throw new FleetException(AWAY);
      }
    }

    @Override
    public Read read(Collection<String> keys) throws FleetException {
      requireThere();
      return MemoryFleet.this.read(keys);
    }

    @Override
    public long count(String keys) throws FleetException {
      return read(List.of(keys)).entries().size();
    }

    @Override
    public boolean commit(Txn txn) throws FleetException {
      requireThere();
      return MemoryFleet.this.commit(txn);
    }

    @Override
    public Watch watch(String keys, long afterRevision, Listener newListener) {
      synchronized (MemoryFleet.this) {
        watched = keys;
        told = afterRevision;
        listener = newListener;
        if (away) {
          end(AWAY);
        } else if (afterRevision < compacted) {
          end("compacted");
        } else {
          tell();
        }
      }
      return () -> listener = null;
    }

    private void tell() {
      Listener now = listener;
      if (now == null || away) {
        return;
      }
      List<Entry> news =
          changes.stream()
              .filter(entry -> entry.revision() > told && entry.key().startsWith(watched))
              .toList();
      told = revision;
      if (!news.isEmpty()) {
        now.changed(news, revision);
      }
    }

    private void end(String why) {
      Listener now = listener;
      listener = null;
      if (now != null) {
        now.ended(why);
      }
    }

    @Override
    public void close() {
      listener = null;
      members.remove(this);
    }
  }
}
