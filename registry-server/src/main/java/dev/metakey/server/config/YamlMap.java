package dev.metakey.server.config;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.metakey.files.Failure;
import dev.metakey.model.MetakeyException;
import dev.metakey.model.Names;
import dev.metakey.server.files.TrustedDirectory;
import dev.metakey.server.files.TrustedDirectory.Use;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * A mapping in a YAML file. It knows where everything stands and which keys are allowed. What
 * cannot be used is noted, with its place, and the rest is read.
 */
final class YamlMap {
  /** 64 reservations take 10 kB, and the parser takes many times what it reads. */
  private static final int MOST_BYTES = 1 << 20;

  private final Path file;
  private final int line;
  private final Map<String, Node> values = new LinkedHashMap<>();
  private final List<String> faults;
  private boolean sound = true;

  private YamlMap(Path file, @Nullable Node node, List<String> allowed, List<String> faults) {
    this.file = file;
    this.faults = faults;
    this.line = node == null ? 1 : lineOf(node);
    if (node == null) {
      return;
    }
    if (!(node instanceof MappingNode mapping)) {
      note(fault(node, "'key: value' lines are expected here; allowed keys: " + allowed));
      return;
    }
    for (NodeTuple entry : mapping.getValue()) {
      try {
        put(scalar(entry.getKeyNode()), entry, allowed);
      } catch (ConfigException e) {
        note(e);
      }
    }
  }

  private void put(String key, NodeTuple entry, List<String> allowed) throws ConfigException {
    if (!allowed.contains(key)) {
      throw fault(
          entry.getKeyNode(), "unknown key %s; allowed: %s".formatted(Names.quote(key), allowed));
    }
    if (values.putIfAbsent(key, entry.getValueNode()) != null) {
      throw fault(entry.getKeyNode(), "key '%s' is there twice".formatted(key));
    }
  }

  private void note(ConfigException fault) {
    sound = false;
    faults.add(String.valueOf(fault.getMessage()));
  }

  /** Whether nothing that was looked at so far is wrong. */
  boolean isSound() {
    return sound;
  }

  /**
   * Reads a file. An empty one is an empty mapping, and so is one that cannot be read.
   *
   * @param faults gets what cannot be used
   */
  static YamlMap read(Path file, List<String> allowed, List<String> faults) {
    try {
      return parse(file, text(file), allowed, faults);
    } catch (ConfigException e) {
      faults.add(String.valueOf(e.getMessage()));
      return new YamlMap(file, null, allowed, faults);
    }
  }

  /**
   * Reads what a file holds, without opening it.
   *
   * @param file for messages
   */
  static YamlMap parse(Path file, String text, List<String> allowed, List<String> faults) {
    Node node = null;
    try {
      node = root(file, text);
    } catch (ConfigException e) {
      faults.add(String.valueOf(e.getMessage()));
    }
    return new YamlMap(file, node, allowed, faults);
  }

  /**
   * @throws ConfigException if the file cannot be read
   */
  private static String text(Path file) throws ConfigException {
    requireTrusted(file);
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(MOST_BYTES + 1);
      if (bytes.length > MOST_BYTES) {
        throw new ConfigException(
            "%s cannot be read: it has more than %d bytes, which is far more than any config needs"
                .formatted(file, MOST_BYTES));
      }
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new ConfigException("%s cannot be read: it is not UTF-8 text".formatted(file));
    } catch (NoSuchFileException e) {
      throw new ConfigException("%s cannot be read: no such file".formatted(file));
    } catch (AccessDeniedException e) {
      throw new ConfigException("%s cannot be read: permission denied".formatted(file));
    } catch (IOException e) {
      throw new ConfigException("%s cannot be read: %s".formatted(file, Failure.words(e)));
    }
  }

  /**
   * @throws ConfigException if the text is not YAML
   */
  private static @Nullable Node root(Path file, String text) throws ConfigException {
    try {
      Optional<Node> root = new Compose(LoadSettings.builder().build()).composeString(text);
      return root.filter(node -> !isNull(node)).orElse(null);
    } catch (MarkedYamlEngineException e) {
      int at = e.getProblemMark().map(mark -> mark.getLine() + 1).orElse(1);
      throw new ConfigException("%s:%d: not valid YAML: %s".formatted(file, at, e.getProblem()));
    } catch (YamlEngineException | IllegalArgumentException e) {
      // The library leaves some of its own checks, say of a tag, to the type it makes.
      throw new ConfigException("%s: not valid YAML: %s".formatted(file, e.getMessage()));
    } catch (StackOverflowError e) {
      throw new ConfigException("%s: not valid YAML: it is nested too deeply".formatted(file));
    }
  }

  /** Refuses a file that others may write, as what it says need not be what the admin wrote. */
  static void requireTrusted(Path file) throws ConfigException {
    try {
      TrustedDirectory.checkFile(Use.CONFIG, file);
    } catch (AccessDeniedException e) {
      throw new ConfigException("%s cannot be read: permission denied".formatted(file));
    } catch (IOException e) {
      throw new ConfigException(String.valueOf(e.getMessage()));
    }
  }

  /** {@code FILE:LINE} of this mapping. */
  String place() {
    return file + ":" + line;
  }

  /**
   * The value of a key, or the fallback if there is none or it cannot be used.
   *
   * @param parse throws {@link IllegalArgumentException} or {@link MetakeyException} with a message
   *     that says what is allowed
   */
  <T> T get(String key, T fallback, Function<String, T> parse) {
    Node node = values.get(key);
    if (node == null || isNull(node)) {
      return fallback;
    }
    try {
      return require(key, parse);
    } catch (ConfigException e) {
      note(e);
      return fallback;
    }
  }

  /**
   * As {@link #get}, for a key that must be there.
   *
   * @throws ConfigException if it is not, or cannot be used
   */
  <T> T require(String key, Function<String, T> parse) throws ConfigException {
    Node node = values.get(key);
    if (node == null || isNull(node)) {
      throw new ConfigException("%s: key '%s' is missing".formatted(place(), key));
    }
    try {
      return parse.apply(scalar(node));
    } catch (MetakeyException | IllegalArgumentException e) {
      throw fault(node, "%s: %s".formatted(key, e.getMessage()));
    }
  }

  /** The mapping under a key; an empty one if there is none. */
  YamlMap map(String key, List<String> allowed) {
    Node node = values.get(key);
    return new YamlMap(file, node == null || isNull(node) ? null : node, allowed, faults);
  }

  /**
   * The values in the list under a key; no values if there is no list. A value that cannot be used
   * is left out.
   *
   * @param parse as for {@link #get}
   */
  <T> List<T> list(String key, Function<String, T> parse) {
    List<T> list = new ArrayList<>();
    for (Node item : items(key, "- value")) {
      try {
        list.add(parse.apply(scalar(item)));
      } catch (MetakeyException | IllegalArgumentException e) {
        note(fault(item, "%s: %s".formatted(key, e.getMessage())));
      } catch (ConfigException e) {
        note(e);
      }
    }
    return list;
  }

  /** As {@link #list}, but a value alone stands for a list of itself. */
  <T> List<T> valueOrList(String key, Function<String, T> parse) {
    Node node = values.get(key);
    if (!(node instanceof ScalarNode) || isNull(node)) {
      return list(key, parse);
    }
    try {
      return List.of(require(key, parse));
    } catch (ConfigException e) {
      note(e);
      return List.of();
    }
  }

  /** Whether there is a value under a key. */
  boolean has(String key) {
    Node node = values.get(key);
    return node != null && !isNull(node);
  }

  /** Whether one value is under a key, and not a list or a mapping. */
  boolean isValue(String key) {
    return has(key) && values.get(key) instanceof ScalarNode;
  }

  /** Whether a list without values is under a key. */
  boolean isEmptyList(String key) {
    return values.get(key) instanceof SequenceNode list && list.getValue().isEmpty();
  }

  /** Notes that something is wrong with the value of a key, or with the whole mapping. */
  void note(String key, String text) {
    Node node = values.get(key);
    note(
        node == null
            ? new ConfigException("%s: %s".formatted(place(), text))
            : fault(node, "%s: %s".formatted(key, text)));
  }

  /** The mappings in the list under a key. */
  List<YamlMap> maps(String key, List<String> allowed) {
    List<YamlMap> maps = new ArrayList<>();
    for (Node item : items(key, "- key: value")) {
      maps.add(new YamlMap(file, item, allowed, faults));
    }
    return maps;
  }

  private List<Node> items(String key, String example) {
    Node node = values.get(key);
    if (node == null || isNull(node)) {
      return List.of();
    }
    if (!(node instanceof SequenceNode sequence)) {
      note(fault(node, "'%s' must be a list ('%s')".formatted(key, example)));
      return List.of();
    }
    return sequence.getValue();
  }

  private String scalar(Node node) throws ConfigException {
    if (node instanceof ScalarNode scalar) {
      return scalar.getValue();
    }
    throw fault(node, "one value is expected here");
  }

  private ConfigException fault(Node node, String text) {
    return new ConfigException("%s:%d: %s".formatted(file, lineOf(node), text));
  }

  private static int lineOf(Node node) {
    return node.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
  }

  private static boolean isNull(Node node) {
    return node.getTag().equals(Tag.NULL);
  }
}
