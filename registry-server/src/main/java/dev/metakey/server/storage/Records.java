package dev.metakey.server.storage;

import dev.metakey.model.Change;
import dev.metakey.model.ChangeKind;
import dev.metakey.model.Coded;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.Format;
import dev.metakey.model.Layout;
import dev.metakey.model.Merge;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Owner;
import dev.metakey.model.Peer;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Reservation;
import dev.metakey.model.Sharing;
import dev.metakey.model.Stamp;
import dev.metakey.model.Tag;
import dev.metakey.server.domain.ClockReading;
import dev.metakey.server.domain.Uses;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How records are written as bytes. Big-endian; a text is its length in bytes (u16), then UTF-8; an
 * optional part is preceded by one byte, 0 or 1.
 *
 * <pre>
 *   facts   version:8 registryId:128 revision:64 layout:8 area:16 tag:48 bootId:text
 *           bootMs:64 atMs:64 ageMs:64
 *   uses    version:8 64 x ageMs:64
 *   key     version:8 field
 *   change  version:8 ageMs:64 revision:64 commitRevision:64 atMs:64 kind:8 [before:field] [after:field] peer
 *   field   id:8 generation:32 slot:8 state:8 spec owners:16 x owner
 *           [foreign:8 by:text] created:stamp retired:stamp
 *   spec    name:text size:8 format:8 merge:8 sharing:8 ttlMs:64 description:text
 *   stamp   revision:64 atMs:64 ageMs:64
 *   owner   kind:8 uid:32 service:text
 *   peer    owner uid:32 gid:32 pid:32 unit:text container:text privileged:8
 * </pre>
 *
 * What follows the version byte may change with it; a field inside a change has the form of the
 * change's version. The moment when a field's ttl runs out is not written.
 */
final class Records {
  /** The version that is written, and the only one that is read. */
  static final int VERSION = 2;

  private Records() {}

  /** The registry's facts, without its fields. */
  record Facts(RegistryInfo info, Tag tag, String bootId, ClockReading clock) {}

  static byte[] facts(Facts facts) {
    return write(
        out -> {
          RegistryInfo info = facts.info();
          out.writeLong(info.registryId().getMostSignificantBits());
          out.writeLong(info.registryId().getLeastSignificantBits());
          out.writeLong(info.revision());
          out.writeByte(info.layout().code());
          out.writeShort(info.areaBytes());
          out.write(facts.tag().bytes());
          text(out, facts.bootId());
          ClockReading clock = facts.clock();
          out.writeLong(clock.bootMs());
          out.writeLong(clock.atMs());
          out.writeLong(clock.ageMs());
        });
  }

  static byte[] key(Field field) {
    return write(out -> field(out, field));
  }

  /**
   * @param ageMs how old the registry was when it was committed, milliseconds
   */
  static byte[] change(Change change, long ageMs) {
    return write(
        out -> {
          out.writeLong(ageMs);
          out.writeLong(change.revision());
          out.writeLong(change.commitRevision());
          out.writeLong(change.atMs());
          out.writeByte(change.kind().code());
          optionalField(out, change.before());
          optionalField(out, change.after());
          Peer peer = change.peer();
          owner(out, peer.owner());
          out.writeInt(peer.uid());
          out.writeInt(peer.gid());
          out.writeInt(peer.pid());
          text(out, peer.unit());
          text(out, peer.container());
          out.writeBoolean(peer.privileged());
        });
  }

  static Facts readFacts(byte[] bytes) throws StoreException {
    return read(
        "facts",
        bytes,
        in -> {
          UUID id = new UUID(in.readLong(), in.readLong());
          long revision = in.readLong();
          Layout layout = constant(in, Layout.class);
          return new Facts(
              new RegistryInfo(id, revision, layout, in.readUnsignedShort()),
              Tag.of(in.readNBytes(Tag.BYTES)),
              text(in),
              new ClockReading(in.readLong(), in.readLong(), in.readLong()));
        });
  }

  static byte[] uses(Uses uses) {
    return write(
        out -> {
          for (long ageMs : uses.lastMs()) {
            out.writeLong(ageMs);
          }
        });
  }

  /**
   * @param bytes null if they were never kept. What cannot be read counts as that: nothing that
   *     anybody was told depends on it.
   */
  static Uses readUses(byte @Nullable [] bytes) {
    if (bytes == null || bytes.length != 1 + Field.IDS * Long.BYTES || bytes[0] != VERSION) {
      return Uses.NONE;
    }
    ByteBuffer record = ByteBuffer.wrap(bytes, 1, bytes.length - 1);
    return new Uses(Stream.generate(record::getLong).limit(Field.IDS).toList());
  }

  static Field readKey(byte[] bytes) throws StoreException {
    return read("key", bytes, Records::field);
  }

  static Change readChange(byte[] bytes) throws StoreException {
    return read(
        "change",
        bytes,
        in -> {
          in.skipNBytes(Long.BYTES); // its age
          return new Change(
              in.readLong(),
              in.readLong(),
              in.readLong(),
              constant(in, ChangeKind.class),
              in.readBoolean() ? field(in) : null,
              in.readBoolean() ? field(in) : null,
              new Peer(
                  owner(in),
                  in.readInt(),
                  in.readInt(),
                  in.readInt(),
                  text(in),
                  text(in),
                  in.readBoolean()));
        });
  }

  /** How old the registry was when a change was committed, milliseconds. */
  static long readChangeAgeMs(byte[] bytes) throws StoreException {
    if (bytes.length <= Long.BYTES) {
      var unused = readChange(bytes); // says what is wrong
    }
    return ByteBuffer.wrap(bytes, 1, Long.BYTES).getLong();
  }

  private static void optionalField(DataOutputStream out, @Nullable Field field)
      throws IOException {
    out.writeBoolean(field != null);
    if (field != null) {
      field(out, field);
    }
  }

  private static void field(DataOutputStream out, Field field) throws IOException {
    out.writeByte(field.id());
    out.writeInt(field.generation());
    out.writeByte(field.slot());
    out.writeByte(field.state().code());
    spec(out, field.spec());
    out.writeShort(field.owners().size());
    for (Owner owner : field.owners()) {
      owner(out, owner);
    }
    Reservation reservation = field.reservation();
    out.writeBoolean(reservation != null);
    if (reservation != null) {
      out.writeBoolean(reservation.foreign());
      text(out, reservation.by());
    }
    stamp(out, field.created());
    stamp(out, field.retired());
  }

  private static Field field(DataInputStream in) throws IOException {
    int id = in.readUnsignedByte();
    int generation = in.readInt();
    int slot = in.readUnsignedByte();
    FieldState state = constant(in, FieldState.class);
    FieldSpec spec = spec(in);
    List<Owner> owners = new ArrayList<>();
    for (int left = in.readUnsignedShort(); left > 0; left--) {
      owners.add(owner(in));
    }
    Reservation reservation = in.readBoolean() ? new Reservation(in.readBoolean(), text(in)) : null;
    return new Field.Builder(id, spec, state)
        .generation(generation)
        .slot(slot)
        .owners(owners)
        .reservation(reservation)
        .created(stamp(in))
        .retired(stamp(in))
        .build();
  }

  private static void owner(DataOutputStream out, Owner owner) throws IOException {
    out.writeByte(owner.kind().code());
    out.writeInt(owner.uid());
    text(out, owner.service());
  }

  private static Owner owner(DataInputStream in) throws IOException {
    Owner.Kind kind = constant(in, Owner.Kind.class);
    return new Owner(kind, in.readInt(), text(in));
  }

  private static void spec(DataOutputStream out, FieldSpec spec) throws IOException {
    text(out, spec.name());
    out.writeByte(spec.size());
    out.writeByte(spec.format().code());
    out.writeByte(spec.merge().code());
    out.writeByte(spec.sharing().code());
    out.writeLong(spec.ttlMs());
    text(out, spec.description());
  }

  private static FieldSpec spec(DataInputStream in) throws IOException {
    String name = text(in);
    int size = in.readUnsignedByte();
    Format format = constant(in, Format.class);
    Merge merge = constant(in, Merge.class);
    Sharing sharing = constant(in, Sharing.class);
    long ttlMs = in.readLong();
    return new FieldSpec(name, size, text(in), format, merge, sharing, ttlMs);
  }

  private static void stamp(DataOutputStream out, Stamp stamp) throws IOException {
    out.writeLong(stamp.revision());
    out.writeLong(stamp.atMs());
    out.writeLong(stamp.ageMs());
  }

  private static Stamp stamp(DataInputStream in) throws IOException {
    return new Stamp(in.readLong(), in.readLong(), in.readLong());
  }

  private static void text(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (bytes.length > 0xffff) {
      throw new IllegalArgumentException("a text of " + bytes.length + " bytes");
    }
    out.writeShort(bytes.length);
    out.write(bytes);
  }

  /** Refuses what is not UTF-8, so that damage is not read as question marks. */
  private static String text(DataInputStream in) throws IOException {
    byte[] bytes = new byte[in.readUnsignedShort()];
    in.readFully(bytes);
    String text = new String(bytes, StandardCharsets.UTF_8);
    if (!Arrays.equals(text.getBytes(StandardCharsets.UTF_8), bytes)) {
      throw new CharacterCodingException();
    }
    return text;
  }

  private static <E extends Enum<E> & Coded> E constant(DataInputStream in, Class<E> type)
      throws IOException {
    int code = in.readUnsignedByte();
    E constant = Coded.find(type, code);
    if (constant == null) {
      String words = type.getSimpleName().replaceAll("(?<=[a-z])(?=[A-Z])", " ");
      throw new IOException("%s %d is not known".formatted(words.toLowerCase(Locale.ROOT), code));
    }
    return constant;
  }

  private static byte[] write(Body body) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(VERSION);
      body.writeTo(out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static <T> T read(String what, byte[] bytes, Parser<T> parser) throws StoreException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
      int version = in.readUnsignedByte();
      if (version != VERSION) {
        throw new OtherFormatException(
            "a %s record has version %d, and this metakeyd reads version %d: run the metakeyd that wrote it, or restore a backup"
                .formatted(what, version, VERSION));
      }
      T value = parser.readFrom(in);
      if (in.available() != 0) {
        throw new IOException("%d bytes too many".formatted(in.available()));
      }
      return value;
    } catch (IOException | MetakeyException | IllegalArgumentException e) {
      throw new StoreException(
          "a %s record of %d bytes cannot be read (%s): the database is damaged; restore a backup"
              .formatted(what, bytes.length, words(e)),
          e);
    }
  }

  private static @Nullable String words(Exception e) {
    if (e instanceof EOFException) {
      return "it ends too early";
    }
    return e instanceof MetakeyException refusal ? refusal.text() : e.getMessage();
  }

  private interface Body {
    void writeTo(DataOutputStream out) throws IOException;
  }

  private interface Parser<T> {
    T readFrom(DataInputStream in) throws IOException;
  }
}
