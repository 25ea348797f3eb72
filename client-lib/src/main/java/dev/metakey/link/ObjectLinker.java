package dev.metakey.link;

import dev.metakey.client.Answer;
import dev.metakey.client.MetakeyClient;
import dev.metakey.files.AtomicFile;
import dev.metakey.files.Failure;
import dev.metakey.model.Difference;
import dev.metakey.model.Field;
import dev.metakey.model.FieldSpec;
import dev.metakey.model.FieldState;
import dev.metakey.model.FieldUse;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.model.Outcome;
import dev.metakey.model.Reason;
import dev.metakey.model.Registered;
import dev.metakey.model.RegistryInfo;
import dev.metakey.model.Role;
import dev.metakey.model.Sharing;
import dev.metakey.model.Tag;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Links compiled BPF programs: registers what a program produces, resolves what it consumes, and
 * writes both into its records. Any loader can load what comes out.
 *
 * <p>Everything that can be checked is checked first: the whole object, every size, and, unless
 * there is a wait, that what it consumes is there. So a program that cannot be linked registers
 * nothing. Linking again gives the same bytes, as long as the registry is the same.
 */
public final class ObjectLinker {
  /** The object holds the tag, which others must not read. */
  private static final Set<PosixFilePermission> MOST_PERMISSIONS =
      PosixFilePermissions.fromString("rw-r-----");

  private final MetakeyClient client;
  private final LinkOptions options;
  private final Path path;
  private final List<FieldUse> records;

  /** By name, in the order of the records; a name that is both counts as produced. */
  private final Map<String, FieldUse> produced = new LinkedHashMap<>();

  private final Map<String, FieldUse> consumed = new LinkedHashMap<>();

  private ObjectLinker(MetakeyClient client, LinkOptions options, RecordSection section) {
    this.client = client;
    this.options = options;
    this.path = section.path();
    this.records = section.records();
    sortOut();
  }

  /**
   * Links an object.
   *
   * @param in the object as clang wrote it, or a linked one; never changed unless it is {@code out}
   * @param out replaced in one step. As it holds the tag, it gets the permissions of {@code in},
   *     but at most {@code rw-r-----}. If linking fails, it stays as it was
   * @return what became of each record, in the order of the object; never stale
   * @throws MetakeyException INVALID_REQUEST naming what is wrong in the object and where,
   *     INVALID_NAME for names of the kernel, MISMATCH, NOT_FOUND, DEADLINE_EXCEEDED, and what
   *     {@link MetakeyClient#tag()} and {@link MetakeyClient#register(List)} throw; UNAVAILABLE
   *     also where only the published file answers
   * @throws IOException if {@code out} cannot be written; what was registered stays so
   */
  public static Answer<List<LinkedRecord>> link(
      MetakeyClient client, Path in, Path out, LinkOptions options) throws IOException {
    Path target = target(out);
    try (FileChannel file = open(in)) {
      RecordSection section = read(in, file);
      Answer<List<LinkedRecord>> linked = new ObjectLinker(client, options, section).link();
      write(in, file, section, target, linked.value());
      return linked;
    }
  }

  /**
   * Tells what {@link #link} would do, and does nothing. Only the daemon's decision shows whether
   * the caller may register, and whether there is room.
   *
   * @throws MetakeyException as {@link #link}
   */
  public static Answer<List<LinkedRecord>> plan(
      MetakeyClient client, Path in, LinkOptions options) {
    try (FileChannel file = open(in)) {
      return new ObjectLinker(client, options, read(in, file)).plan();
    } catch (IOException e) {
      throw BadObject.unreadable(in, e);
    }
  }

  private static FileChannel open(Path in) {
    try {
      if (Files.exists(in) && !Files.isRegularFile(in)) {
        throw BadObject.whole(in, "not a regular file; a compiled BPF object is needed");
      }
      return FileChannel.open(in);
    } catch (IOException e) {
      throw BadObject.unreadable(in, e);
    }
  }

  private static RecordSection read(Path in, FileChannel file) {
    try {
      return RecordSection.read(in, file);
    } catch (IOException e) {
      throw BadObject.unreadable(in, e);
    }
  }

  /**
   * Where to write to. A symbolic link stays one, and what is not a regular file is not replaced.
   */
  private static Path target(Path out) throws IOException {
    if (Files.exists(out) && !Files.isRegularFile(out)) {
      throw BadObject.whole(
          out,
          "not a regular file but %s; the linked object needs a file that it can replace, or - for standard output"
              .formatted(Files.isDirectory(out) ? "a folder" : "a device, pipe or socket"));
    }
    if (Files.exists(out) && MountPoints.contains(out.toRealPath())) {
      throw BadObject.whole(
          out,
          "a mount point, which cannot be replaced; write to a file in a mounted folder, or to - for standard output");
    }
    Path folder = Objects.requireNonNull(out.toAbsolutePath().getParent(), "a file is in a folder");
    if (!Files.isWritable(folder)) {
      throw new IOException(
          "%s cannot be written: %s"
              .formatted(
                  out, Files.exists(folder) ? "no permission" : "no such file or directory"));
    }
    return Files.exists(out) ? out.toRealPath() : out;
  }

  private static void write(
      Path in, FileChannel file, RecordSection section, Path out, List<LinkedRecord> linked)
      throws IOException {
    List<FieldUse> uses = linked.stream().map(LinkedRecord::use).toList();
    try {
      Set<PosixFilePermission> permissions = EnumSet.copyOf(MOST_PERMISSIONS);
      permissions.retainAll(Files.getPosixFilePermissions(in));
      AtomicFile.write(out, permissions, to -> section.copy(file, to, uses));
    } catch (IOException e) {
      throw new IOException("%s cannot be written: %s".formatted(out, Failure.reason(e)), e);
    }
  }

  private void sortOut() {
    Map<String, FieldUse> first = new HashMap<>();
    for (int i = 0; i < records.size(); i++) {
      FieldUse use = records.get(i);
      if (use.name().startsWith(Names.KERNEL_PREFIX)) {
        throw refused(
            Reason.INVALID_NAME,
            use,
            "%s in record %d is the kernel's: it comes from the device, not from the metadata area; see metakey_hints.bpf.h"
                .formatted(use.name(), i));
      }
      FieldUse earlier = first.putIfAbsent(use.name(), use);
      if (earlier != null && earlier.size() != use.size()) {
        throw refused(
            Reason.INVALID_REQUEST,
            use,
            "%s has %d bytes in record %d and %d in record %d; a field has one size"
                .formatted(use.name(), use.size(), i, earlier.size(), records.indexOf(earlier)));
      }
      (use.role() == Role.PRODUCES ? produced : consumed).putIfAbsent(use.name(), use);
    }
    consumed.keySet().removeAll(produced.keySet());
    if (first.size() > Field.IDS) {
      throw BadObject.whole(
          path, "it uses %d fields; a host has %d at most".formatted(first.size(), Field.IDS));
    }
  }

  /**
   * Called before anything is registered. A daemon that does not look at loaded programs would give
   * away the id of a field that a loaded program still uses.
   */
  private void requireDaemonThatLooks() {
    if (!client.status().value().programs().areLookedAt()) {
      throw new MetakeyException(
          Reason.INVALID_REQUEST,
          "this metakeyd does not look at loaded programs ('programs: none'), so a program that is linked here would not be safe from it; link at the host's metakeyd, or start this one with 'programs: kernel'");
    }
  }

  private Answer<List<LinkedRecord>> link() {
    Answer<Map<String, Field>> known = known();
    requireDaemonThatLooks();
    Answer<Tag> tag = fresh(client.tag()); // first: whoever may not have it registers nothing
    Map<String, Field> fields = new HashMap<>();
    Map<String, Registered> registered = new HashMap<>();
    RegistryInfo info = same(known.info(), tag.info());
    if (!produced.isEmpty()) {
      Answer<List<Registered>> answer = register(specs(known.value()));
      info = same(info, answer.info());
      answer.value().forEach(result -> registered.put(result.field().name(), result));
      registered.forEach((name, result) -> fields.put(name, result.field()));
    }
    if (!consumed.isEmpty()) {
      Answer<List<Field>> answer = fresh(resolve());
      info = same(info, answer.info());
      answer.value().forEach(field -> fields.put(field.name(), field));
    }
    checkSizes(fields.values());
    List<LinkedRecord> linked = new ArrayList<>();
    for (FieldUse use : records) {
      Field field = Objects.requireNonNull(fields.get(use.name()), "the daemon answered");
      FieldUse.Place place = FieldUse.Place.of(info, tag.value(), field);
      linked.add(linked(use.at(place), registered.get(use.name())));
    }
    return new Answer<>(info, false, linked);
  }

  private Answer<List<Registered>> register(List<FieldSpec> specs) {
    Duration wait = options.patience();
    return wait == null ? client.register(specs) : client.register(wait, specs);
  }

  private LinkedRecord linked(FieldUse use, @Nullable Registered result) {
    if (use.role() == Role.CONSUMES || result == null) {
      return new LinkedRecord(use, LinkOutcome.RESOLVED, List.of(), List.of());
    }
    LinkOutcome outcome =
        result.outcome() == Outcome.CREATED ? LinkOutcome.CREATED : LinkOutcome.EXISTING;
    // Without the option, the caller said nothing about sharing.
    List<Difference> differences = options.shared() ? result.differences() : List.of();
    return new LinkedRecord(use, outcome, result.field().owners(), differences);
  }

  private Answer<List<LinkedRecord>> plan() {
    Answer<Map<String, Field>> known = known();
    requireDaemonThatLooks();
    List<LinkedRecord> planned = new ArrayList<>();
    for (FieldUse use : records) {
      Field field = known.value().get(use.name());
      FieldUse.Place place =
          field != null && standsFor(field)
              ? FieldUse.Place.of(known.info(), Tag.NONE, field) // nothing is written
              : null;
      planned.add(
          new LinkedRecord(use.at(place), planned(use, place != null), List.of(), List.of()));
    }
    return new Answer<>(known.info(), false, planned);
  }

  /** Registering a retired field brings it back to its place. */
  private boolean standsFor(Field field) {
    return field.isResolvable()
        || (produced.containsKey(field.name()) && field.is(FieldState.RETIRED));
  }

  private static LinkOutcome planned(FieldUse use, boolean isThere) {
    return switch (use.role()) {
      case PRODUCES -> isThere ? LinkOutcome.EXISTING : LinkOutcome.TO_CREATE;
      case CONSUMES -> isThere ? LinkOutcome.RESOLVED : LinkOutcome.TO_RESOLVE;
    };
  }

  /** What is known of the names before anything changes, checked. */
  private Answer<Map<String, Field>> known() {
    Answer<List<Field>> all = fresh(client.list());
    Map<String, Field> known =
        all.value().stream()
            .filter(f -> produced.containsKey(f.name()) || consumed.containsKey(f.name()))
            .collect(Collectors.toMap(Field::name, Function.identity()));
    checkSizes(
        known.values().stream()
            .filter(f -> produced.containsKey(f.name()) || f.isResolvable())
            .toList());
    if (options.patience() == null && !consumed.isEmpty()) {
      fresh(resolve());
    }
    return new Answer<>(all.info(), false, known);
  }

  private Answer<List<Field>> resolve() {
    List<String> names = List.copyOf(consumed.keySet());
    if (options.patience() != null) {
      return client.await(options.patience(), names);
    }
    try {
      return client.resolve(names);
    } catch (MetakeyException e) {
      if (e.reason() != Reason.NOT_FOUND) {
        throw e;
      }
      throw new MetakeyException(
          Reason.NOT_FOUND,
          "%s consumes what is not there: %s; link the program that produces it first, or wait for it (--wait)"
              .formatted(path, e.text()),
          e.facts(),
          e);
    }
  }

  /**
   * What to ask for. A known field keeps its attributes, as an object says nothing of them. But the
   * caller has to say whether to share it, or two would share by accident.
   */
  private List<FieldSpec> specs(Map<String, Field> known) {
    List<FieldSpec> specs = new ArrayList<>();
    for (FieldUse use : produced.values()) {
      Field field = known.get(use.name());
      FieldSpec spec = field == null ? FieldSpec.of(use.name(), use.size()) : field.spec();
      specs.add(
          new FieldSpec(
              spec.name(),
              spec.size(),
              spec.description(),
              spec.format(),
              spec.merge(),
              options.shared() ? Sharing.SHARED : Sharing.EXCLUSIVE,
              spec.ttlMs()));
    }
    return specs;
  }

  private void checkSizes(Collection<Field> fields) {
    for (Field field : fields) {
      FieldUse use = produced.getOrDefault(field.name(), consumed.get(field.name()));
      if (use != null && use.size() != field.size()) {
        throw new MetakeyException(
            Reason.MISMATCH,
            "%s has %d bytes here, and %s %s %d; give it that type in the program, or take another name"
                .formatted(field.name(), field.size(), path, use.role(), use.size()),
            Map.of(
                "name", field.name(),
                "id", Integer.toString(field.id()),
                "size", Integer.toString(field.size()),
                "state", field.state().toString(),
                "generation", Integer.toString(field.generation()),
                "difference", "size is %d, asked for %d".formatted(field.size(), use.size())));
      }
    }
  }

  private static <T> Answer<T> fresh(Answer<T> answer) {
    if (answer.stale()) {
      throw new MetakeyException(
          Reason.UNAVAILABLE,
          "the metakey daemon cannot be reached, and linking needs it: what it published last may no longer be true; start metakeyd");
    }
    return answer;
  }

  private static RegistryInfo same(RegistryInfo before, RegistryInfo after) {
    if (!before.registryId().equals(after.registryId())
        || before.layout() != after.layout()
        || before.areaBytes() != after.areaBytes()) {
      throw new MetakeyException(
          Reason.UNAVAILABLE, "the registry was replaced by another meanwhile; link again");
    }
    return after;
  }

  private MetakeyException refused(Reason reason, FieldUse use, String fault) {
    return new MetakeyException(
        reason,
        "%s: %s".formatted(path, fault),
        Map.of("file", path.toString(), "name", use.name()));
  }
}
