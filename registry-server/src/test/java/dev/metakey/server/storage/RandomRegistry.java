package dev.metakey.server.storage;

import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Format;
import dev.metakey.model.Layout;
import dev.metakey.model.Merge;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Reservation;
import dev.metakey.model.Sharing;
import dev.metakey.model.Stamp;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.RegistryState;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * States and changes that a store must keep, whether or not the rules of the registry could lead to
 * them. The same seed makes the same ones.
 */
final class RandomRegistry {
  private static final List<String> TEXTS =
      List.of("", "edge-xdp.service", "grüße, 世界 \uD83D\uDE80", "x".repeat(64));

  private final Random random;
  private RegistryState state;
  private int names;

  RandomRegistry(long seed) {
    random = new Random(seed);
    state = RegistryState.empty(new UUID(seed, 1), Layout.SLOTTED, 128).with(tag());
  }

  RegistryState state() {
    return state;
  }

  /** Makes some changes that are committed together, and takes them on. */
  List<Change> next(int count, long atMs) {
    List<Change> changes = new ArrayList<>();
    RegistryInfo info = state.snapshot().info();
    long commit = info.revision() + count;
    for (int i = 0; i < count; i++) {
      info = info.withRevision(info.revision() + 1);
      int id = random.nextInt(Field.IDS);
      Field before = state.snapshot().byId(id);
      Field after = before != null && random.nextInt(5) == 0 ? null : field(id);
      ChangeKind kind = pick(ChangeKind.values());
      Change change = new Change(info.revision(), commit, atMs, kind, before, after, peer());
      changes.add(change);
      state =
          new RegistryState(state.snapshot().with(info, List.of(change)), pick(texts()))
              .with(state.tag());
    }
    return changes;
  }

  /** Makes as many commits, each of as many changes, and has the store take each. */
  void commitTo(Store store, int commits, int changesEach) throws StoreException {
    for (int i = 0; i < commits; i++) {
      List<Change> changes = next(changesEach, 0);
      store.commit(state, changes);
    }
  }

  /** Another layout, without a change. */
  void relayout() {
    RegistryInfo old = state.snapshot().info();
    int area = 24 + 8 * random.nextInt(25);
    RegistryInfo info =
        new RegistryInfo(old.registryId(), old.revision(), pick(Layout.values()), area);
    state = new RegistryState(state.snapshot().with(info, List.of()), pick(texts())).with(tag());
  }

  private Tag tag() {
    byte[] bytes = new byte[Tag.BYTES];
    random.nextBytes(bytes);
    return Tag.of(bytes);
  }

  private Field field(int id) {
    int size = pick(2, 4, 8);
    Format format = pick(Format.DEC, Format.HEX, Format.NS, Format.BOOL);
    FieldSpec spec =
        new FieldSpec(
            "test.f" + names++,
            size,
            pick(texts()),
            size == 4 ? pick(format, Format.IPV4) : size == 8 ? pick(format, Format.MAC) : format,
            pick(Merge.values()),
            pick(Sharing.values()),
            pick(0L, FieldSpec.MIN_TTL_MS, FieldSpec.MAX_TTL_MS));
    FieldState fieldState =
        pick(FieldState.ACTIVE, FieldState.RETIRED, FieldState.RESERVED, FieldState.FREE);
    return new Field.Builder(id, spec, fieldState)
        .generation(random.nextInt())
        .slot(random.nextInt(217))
        .owners(Stream.generate(() -> peer().owner()).limit(random.nextInt(4)).toList())
        .reservation(
            random.nextBoolean() ? new Reservation(random.nextBoolean(), pick(texts())) : null)
        .created(stamp())
        .retired(random.nextBoolean() ? stamp() : Stamp.NONE)
        .expiresAtMs(random.nextLong())
        .build();
  }

  private Stamp stamp() {
    return new Stamp(random.nextLong(), random.nextLong(), random.nextLong());
  }

  private Peer peer() {
    String service = pick(texts());
    Owner owner =
        pick(Owner.unit(service), new Owner(random.nextInt(), service), Owner.container(service));
    return new Peer(
        owner,
        random.nextInt(),
        random.nextInt(),
        random.nextInt(),
        pick(texts()),
        pick(texts()),
        random.nextBoolean());
  }

  private static String[] texts() {
    return TEXTS.toArray(String[]::new);
  }

  @SafeVarargs
  private <T> T pick(T... of) {
    return of[random.nextInt(of.length)];
  }
}
