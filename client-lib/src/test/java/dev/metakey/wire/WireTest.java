package dev.metakey.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.DaemonStatus;
import dev.metakey.model.Difference;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.FieldUse;
import dev.metakey.model.FieldUser;
import dev.metakey.model.Format;
import dev.metakey.model.Layout;
import dev.metakey.model.LimitUse;
import dev.metakey.model.LoadedProgram;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Outcome;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.Pending;
import dev.metakey.model.PlainText;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Reservation;
import dev.metakey.model.Role;
import dev.metakey.model.Sharing;
import dev.metakey.model.Stamp;
import dev.metakey.model.Tag;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;

/** Whatever goes over the wire comes out as it went in. */
final class WireTest {
  private static final int ROUNDS = 500;

  private final long seed = new Random().nextLong();
  private final Random random = new Random(seed);

  @BeforeEach
  void tellSeed(TestReporter reporter) {
    reporter.publishEntry("seed", Long.toString(seed));
  }

  @Test
  void field_whenRandom_comesBackTheSame() throws InvalidProtocolBufferException {
    for (int i = 0; i < ROUNDS; i++) {
      Field field = field();
      byte[] bytes = Wire.field(field).toByteArray();
      assertThat(Replies.field(dev.metakey.v1.Field.parseFrom(bytes)))
          .as("seed %d", seed)
          .isEqualTo(field);
    }
  }

  @Test
  void change_whenRandom_comesBackTheSame() throws InvalidProtocolBufferException {
    for (int i = 0; i < ROUNDS; i++) {
      Field before = random.nextInt(4) == 0 ? null : field();
      Field after = before != null && random.nextInt(4) == 0 ? null : field();
      Change change =
          new Change(
              random.nextLong(1L << 62),
              random.nextLong(1L << 62),
              time(),
              any(ChangeKind.values()),
              before,
              after,
              peer());
      byte[] bytes = Wire.change(change).toByteArray();
      assertThat(Replies.change(dev.metakey.v1.Change.parseFrom(bytes)))
          .as("seed %d", seed)
          .isEqualTo(change);
    }
  }

  @Test
  void answers_whenRandom_comeBackTheSame() {
    for (int i = 0; i < ROUNDS; i++) {
      Registered registered =
          new Registered(
              field(),
              any(Outcome.values()),
              List.of(new Difference("size", text(5), text(5)), new Difference("ttl", "", "")));
      assertThat(Replies.registered(Wire.registered(registered)))
          .as("seed %d", seed)
          .isEqualTo(registered);
      Pending pending =
          new Pending(peer(), List.of(text(9), text(9)), List.of(text(9)), time(), time());
      assertThat(Replies.pending(Wire.pending(pending))).as("seed %d", seed).isEqualTo(pending);
      RegistryInfo info = info();
      assertThat(Replies.info(Wire.info(info))).as("seed %d", seed).isEqualTo(info);
    }
  }

  @Test
  void program_whenRandom_comesBackTheSame() {
    for (int i = 0; i < ROUNDS; i++) {
      List<FieldUse> uses = List.of(use(), use());
      LoadedProgram program =
          new LoadedProgram(
              random.nextInt(1 << 30),
              text(15),
              text(9),
              text(16),
              time(),
              List.of(1, random.nextInt(1 << 22)),
              uses);
      List<FieldUser> back =
          Replies.program(
              Wire.program(program, use -> use.role() == Role.PRODUCES ? "" : "id 1, here 2"));
      assertThat(back).as("seed %d", seed).extracting(FieldUser::program).containsOnly(program);
      assertThat(back).as("seed %d", seed).extracting(FieldUser::use).isEqualTo(uses);
      assertThat(back)
          .as("seed %d", seed)
          .allMatch(user -> user.isStale() == (user.use().role() == Role.CONSUMES));
    }
  }

  private FieldUse use() {
    Field field = field();
    FieldUse.Place place = random.nextBoolean() ? FieldUse.Place.of(info(), Tag.NONE, field) : null;
    return new FieldUse(field.name(), field.size(), any(Role.values()), place);
  }

  @Test
  void status_whenFull_comesBackTheSame() {
    DaemonStatus status =
        new DaemonStatus(
            info(),
            new DaemonStatus.Daemon("1.2.3", time(), 4711, "/s", "/d"),
            new DaemonStatus.IdCount(1, 2, 3),
            new DaemonStatus.SlotUse(4, 5),
            new DaemonStatus.Queues(6, 7, 8),
            new DaemonStatus.Programs(10, 11, "not allowed", false),
            List.of(
                new DaemonStatus.Publication("keys", "/k", 9, "disk full"),
                new DaemonStatus.Publication("maps", "/m", DaemonStatus.Publication.NEVER, "")),
            List.of(
                new LimitUse("calls", 1, 2, 3, 4, 5, List.of(new LimitUse.User(-2, 6, 7))),
                new LimitUse("watches", 1, 2, 0, 0, 0, List.of())),
            List.of("a problem", "another"));
    assertThat(Replies.status(Wire.status(status))).isEqualTo(status);
  }

  @Test
  void spec_whenDefaultsAreLeftOut_hasThem() {
    var wire = dev.metakey.v1.FieldSpec.newBuilder().setName("a.b").setSize(4).build();
    assertThat(Requests.spec(wire)).isEqualTo(FieldSpec.of("a.b", 4));
  }

  @Test
  void spec_whenTtlIsZeroOrOdd_isRefused() {
    assertThat(reasonOf(Duration.getDefaultInstance())).isEqualTo(Reason.INVALID_ATTRIBUTE);
    assertThat(reasonOf(Duration.newBuilder().setSeconds(-5).build()))
        .isEqualTo(Reason.INVALID_ATTRIBUTE);
    assertThat(reasonOf(Duration.newBuilder().setNanos(999_999_999).build()))
        .isEqualTo(Reason.INVALID_ATTRIBUTE);
    assertThat(reasonOf(Duration.newBuilder().setSeconds(1).setNanos(-1).build()))
        .isEqualTo(Reason.INVALID_ATTRIBUTE);
    assertThat(reasonOf(Duration.newBuilder().setSeconds(Long.MAX_VALUE).build()))
        .isEqualTo(Reason.INVALID_ATTRIBUTE);
  }

  private static Reason reasonOf(Duration ttl) {
    var wire = dev.metakey.v1.FieldSpec.newBuilder().setName("a").setSize(4).setTtl(ttl).build();
    try {
      Requests.spec(wire);
      throw new AssertionError("was taken: " + ttl);
    } catch (MetakeyException e) {
      return e.reason();
    }
  }

  @Test
  void request_whenConstantsAreOfANewerClient_isRefused() {
    var spec = dev.metakey.v1.FieldSpec.newBuilder().setName("a").setSize(4);
    assertUnknown(() -> Requests.spec(spec.clone().setFormatValue(99).build()), "format");
    assertUnknown(() -> Requests.spec(spec.clone().setMergeValue(99).build()), "merge");
    assertUnknown(() -> Requests.spec(spec.clone().setSharingValue(99).build()), "sharing");
    assertUnknown(() -> Requests.state(dev.metakey.v1.FieldState.UNRECOGNIZED), "state");
  }

  private static void assertUnknown(Runnable mapping, String what) {
    assertThatThrownBy(mapping::run)
        .isInstanceOfSatisfying(
            MetakeyException.class, e -> assertThat(e.reason()).isEqualTo(Reason.INVALID_REQUEST))
        .hasMessageContaining("this " + what);
  }

  @Test
  void reply_whenConstantsAreOfANewerDaemon_isTakenAsFarAsItIsUnderstood() {
    var spec =
        dev.metakey.v1.FieldSpec.newBuilder()
            .setName("a.b")
            .setSize(4)
            .setFormatValue(99)
            .setMergeValue(99)
            .setSharingValue(99)
            .setDescription("one\u202etwo" + "x".repeat(300))
            .setTtl(Duration.newBuilder().setSeconds(1L << 36));
    var message = dev.metakey.v1.Field.newBuilder().setId(3).setSpec(spec).setStateValue(99);
    Field field = Replies.field(message.build());
    assertThat(field.id()).isEqualTo(3);
    assertThat(field.isResolvable()).isFalse();
    assertThat(field.spec().format()).isEqualTo(Format.DEC);
    assertThat(field.spec().merge()).isEqualTo(Merge.UNSPECIFIED);
    assertThat(field.spec().sharing()).isEqualTo(Sharing.EXCLUSIVE);
    assertThat(field.spec().description()).startsWith("one?two").hasSize(255);
    assertThat(field.spec().ttlMs()).isEqualTo(FieldSpec.MAX_TTL_MS);

    var change = dev.metakey.v1.Change.newBuilder().setKindValue(99).setAfter(message);
    assertThat(Replies.change(change.build()).kind()).isEqualTo(ChangeKind.OTHER);
    var registered = dev.metakey.v1.Registered.newBuilder().setOutcomeValue(99).setField(message);
    assertThat(Replies.registered(registered.build()).outcome()).isEqualTo(Outcome.EXISTING);
    var use = dev.metakey.v1.FieldUse.newBuilder().setName("a.b").setSize(4).setRoleValue(99);
    var program = dev.metakey.v1.LoadedProgram.newBuilder().addUses(use);
    assertThat(Replies.program(program.build())).hasSize(1);
  }

  @Test
  void reply_whenTheLayoutIsOfANewerDaemon_isRefusedAsNobodyMayGuessPlaces() {
    var info = Wire.info(info()).toBuilder().setLayoutValue(99).build();
    assertThatThrownBy(() -> Replies.info(info)).hasMessageContaining("upgrade the client");
  }

  @Test
  void duration_whenSet_comesBackInMilliseconds() {
    assertThat(Requests.millis(Wire.duration(java.time.Duration.ofMillis(1_234)), "wait"))
        .isEqualTo(1_234);
  }

  private Field field() {
    Field.Builder field =
        new Field.Builder(random.nextInt(64), spec(), any(FieldState.values()))
            .generation(random.nextInt())
            .slot(random.nextInt(217))
            .owners(IntStream.range(0, random.nextInt(4)).mapToObj(i -> owner()).toList());
    if (random.nextBoolean()) {
      field.reservation(new Reservation(random.nextBoolean(), text(30)));
    }
    if (random.nextBoolean()) {
      field.created(new Stamp(random.nextLong(), time()));
    }
    if (random.nextBoolean()) {
      field.retired(new Stamp(random.nextLong(), time()));
    }
    return field.expiresAtMs(random.nextBoolean() ? 0 : time() + 1).build();
  }

  private FieldSpec spec() {
    int size = 2 << random.nextInt(3);
    Format format =
        switch (any(Format.values())) {
          case IPV4 -> size == 4 ? Format.IPV4 : Format.HEX;
          case MAC -> size == 8 ? Format.MAC : Format.NS;
          case DEC -> Format.DEC;
          case HEX -> Format.HEX;
          case NS -> Format.NS;
          case BOOL -> Format.BOOL;
        };
    return new FieldSpec(
        "n" + random.nextInt(1 << 30) + ".x",
        size,
        text(60),
        format,
        any(Merge.values()),
        any(Sharing.values()),
        random.nextBoolean() ? 0 : random.nextLong(FieldSpec.MIN_TTL_MS, FieldSpec.MAX_TTL_MS));
  }

  private RegistryInfo info() {
    return new RegistryInfo(
        new UUID(random.nextLong(), random.nextLong()),
        random.nextLong(),
        any(Layout.values()),
        8 * random.nextInt(3, 28));
  }

  private Peer peer() {
    return new Peer(
        owner(),
        random.nextInt(),
        random.nextInt(),
        random.nextInt(),
        text(20),
        text(20),
        random.nextBoolean());
  }

  private Owner owner() {
    return switch (any(Owner.Kind.values())) {
      case UNIT -> Owner.unit(text(20));
      case USER -> new Owner(random.nextInt(), text(20));
      case CONTAINER -> Owner.container(text(20));
    };
  }

  /** Up to the year 9999, as far as timestamps go. */
  private long time() {
    return random.nextLong(253_402_300_799_999L);
  }

  private String text(int atMost) {
    StringBuilder text = new StringBuilder();
    random
        .ints(random.nextInt(atMost + 1), ' ', 0x3000)
        .filter(PlainText::isVisible)
        .forEach(text::appendCodePoint);
    return text.toString();
  }

  private <E> E any(E[] all) {
    return all[random.nextInt(all.length)];
  }
}
