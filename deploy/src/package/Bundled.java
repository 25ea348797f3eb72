import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/**
 * Says what an installation bundles: the bill of materials (CycloneDX) and the notices, from what Maven resolved, the files as they are
 * in the installation, and deploy/src/notices. Fails for a jar or a native library that neither knows.
 *
 * <pre>java -cp gson.jar Bundled.java INSTALLATION BOM NOTICES SECONDS [PACKAGES]</pre>
 *
 * BOM is that of the Maven plugin, and SECONDS the time that the result bears, since 1970; PACKAGES is a directory
 * with the control files of packages of the distribution that belong to it. Writes sbom.cdx.json and NOTICE into the
 * installation's share/doc/metakey. The same input gives the same bytes.
 */
class Bundled {
  /** A line of notices/bundled. */
  record Notice(String license, String copyright, Map<String, String> inside) {}

  static final String ALSO_CHANGED = "Without native code and classes that are not used here, or compiled anew: the build of metakey says how.";

  final Path installation;
  final Path notices;
  final Map<String, Notice> known;
  final Map<String, List<String>> texts = new LinkedHashMap<>(); // text -> whose it is
  final List<String> named = new ArrayList<>();

  Bundled(Path installation, Path notices) throws IOException {
    this.installation = installation;
    this.notices = notices;
    this.known = known(notices.resolve("bundled"));
  }

  public static void main(String[] args) throws IOException {
    Bundled bundled = new Bundled(Path.of(args[0]), Path.of(args[2]));
    JsonObject bom = JsonParser.parseString(Files.readString(Path.of(args[1]))).getAsJsonObject();
    bundled.complete(bom, Instant.ofEpochSecond(Long.parseLong(args[3])));
    if (args.length > 4) bundled.addPackages(bom.getAsJsonArray("components"), Path.of(args[4]));
    Path docs = Files.createDirectories(bundled.installation.resolve("share/doc/metakey"));
    String json = new GsonBuilder().setPrettyPrinting().disableHtmlEscaping().create().toJson(bom);
    Files.writeString(docs.resolve("sbom.cdx.json"), json + "\n");
    Files.writeString(docs.resolve("NOTICE"), bundled.notice());
  }

  static Map<String, Notice> known(Path file) throws IOException {
    Map<String, Notice> known = new TreeMap<>();
    for (String line : Files.readAllLines(file)) {
      if (line.isBlank() || line.startsWith("#")) continue;
      String[] words = (line + " ").split(" +\\| +", -1);
      Map<String, String> inside = new LinkedHashMap<>();
      if (!words[3].isBlank()) {
        for (String one : words[3].strip().split(", ")) inside.put(one.split(" ")[0], one.split(" ")[1]);
      }
      known.put(words[0], new Notice(words[1], words[2], inside));
    }
    return known;
  }

  void complete(JsonObject bom, Instant time) throws IOException {
    Map<Path, JsonObject> libraries = new TreeMap<>();
    for (JsonElement element : bom.getAsJsonArray("components")) {
      JsonObject library = element.getAsJsonObject();
      String name = library.get("name").getAsString();
      Path jar = installation.resolve("lib").resolve(name + "-" + library.get("version").getAsString() + ".jar");
      if (!Files.exists(jar)) throw fail(jar + " is in the bill of materials, and not in the installation");
      libraries.put(jar, library);
    }
    for (Path jar : files("lib", ".jar")) {
      if (!libraries.containsKey(jar)) throw fail(jar + " is not in the bill of materials: it is no dependency of deploy/pom.xml");
    }
    for (Map.Entry<Path, JsonObject> library : libraries.entrySet()) describe(library.getKey(), library.getValue());
    addNatives(libraries);

    JsonArray components = new JsonArray();
    libraries.values().forEach(components::add);
    Path release = installation.resolve("runtime/release");
    if (Files.exists(release)) components.add(runtime(release));
    bom.add("components", components);
    JsonObject metadata = bom.getAsJsonObject("metadata");
    metadata.addProperty("timestamp", time.toString());
    metadata.getAsJsonObject("component").addProperty("name", "metakey");
    for (JsonElement tool : metadata.getAsJsonObject("tools").getAsJsonArray("components")) tool.getAsJsonObject().remove("hashes");
  }

  /** The jar as it is here: its hash, the license that counts, and what else is in it. */
  void describe(Path jar, JsonObject library) throws IOException {
    String name = library.get("name").getAsString();
    Notice notice = known.get(name);
    if (notice == null) throw fail(jar + " has no notice: add a line for " + name + " to deploy/src/notices/bundled");
    String offered = String.valueOf(library.get("licenses"));
    if (!offered.contains('"' + notice.license() + '"')) {
      throw fail("deploy/src/notices/bundled says " + notice.license() + " for " + name + ", and its makers say " + offered);
    }
    JsonArray published = library.getAsJsonArray("hashes");
    JsonArray hashes = sha256(jar);
    library.add("hashes", hashes);
    if (published != null && !published.contains(hashes.get(0))) library.add("pedigree", pedigree(library, published));
    library.add("licenses", licenses(notice.license()));
    library.addProperty("copyright", notice.copyright());
    library.add("properties", property("metakey:file", "lib/" + jar.getFileName()));
    for (Map.Entry<String, String> inside : notice.inside().entrySet()) add(library, "library", inside.getKey()).add("licenses", licenses(inside.getValue()));

    String title = name + " " + library.get("version").getAsString();
    named.add("%s%n    %s, Copyright %s%s".formatted(title, notice.license(), notice.copyright(), inside(notice)));
    collectTexts(jar, name, title, notice);
  }

  static String inside(Notice notice) {
    StringBuilder inside = new StringBuilder();
    notice.inside().forEach((name, license) -> inside.append("%n    includes %s: %s".formatted(name, license)));
    return inside.toString();
  }

  JsonObject pedigree(JsonObject library, JsonArray published) {
    JsonObject ancestor = new JsonObject();
    for (String key : List.of("type", "group", "name", "version", "purl")) ancestor.add(key, library.get(key));
    JsonArray hashes = new JsonArray();
    for (JsonElement hash : published) {
      if (hash.getAsJsonObject().get("alg").getAsString().equals("SHA-256")) hashes.add(hash);
    }
    ancestor.add("hashes", hashes);
    JsonArray ancestors = new JsonArray();
    ancestors.add(ancestor);
    JsonObject pedigree = new JsonObject();
    pedigree.add("ancestors", ancestors);
    pedigree.addProperty("notes", ALSO_CHANGED);
    return pedigree;
  }

  /** The texts that the jar has in itself and, for what is not under the Apache License, ours. */
  void collectTexts(Path jar, String name, String title, Notice notice) throws IOException {
    boolean found = false;
    try (JarFile file = new JarFile(jar.toFile())) {
      for (String entry : file.stream().map(Object::toString).sorted().toList()) {
        if (!entry.matches("META-INF/(licen[cs]es?/)?(LICEN[CS]E|NOTICE)[^/]*")) continue;
        String text = new String(file.getInputStream(file.getEntry(entry)).readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        keep(text, title);
        found = true;
      }
    }
    if (!notice.license().equals("Apache-2.0") && !found) keep(ours(name), title);
    for (Map.Entry<String, String> inside : notice.inside().entrySet()) {
      if (!inside.getValue().equals("Apache-2.0")) keep(ours(inside.getKey()), inside.getKey() + " in " + title);
    }
  }

  String ours(String name) throws IOException {
    for (String known = name; !known.isEmpty(); known = known.substring(0, Math.max(0, known.lastIndexOf('-')))) {
      Path file = notices.resolve(known + ".txt");
      if (Files.exists(file)) return Files.readString(file);
    }
    throw fail("the license of " + name + " is in no file: add deploy/src/notices/" + name + ".txt");
  }

  void keep(String text, String title) {
    // The Apache License stands beside the notices once, as our own.
    if (text.stripLeading().startsWith("Apache License") && text.contains("TERMS AND CONDITIONS FOR USE")) return;
    texts.computeIfAbsent(text.stripTrailing().replace("\r", ""), unused -> new ArrayList<>()).add(title);
  }

  String notice() {
    StringBuilder notice = new StringBuilder();
    notice.append("metakey%nCopyright 2026 The metakey maintainers%n%n".formatted());
    notice.append("metakey is under the Apache License, version 2.0: see LICENSE (on Debian, /usr/share/common-licenses/Apache-2.0).\n");
    notice.append("It is distributed with these libraries; where they are under the Apache License, that is the same text:\n\n");
    named.forEach(line -> notice.append(line).append('\n'));
    notice.append("\nThe Java runtime is OpenJDK, under the GNU General Public License, version 2, with the Classpath Exception: its texts, and\n");
    notice.append("those of what is in it, are in runtime/legal of the installation. An installation without a runtime has no such directory.\n");
    texts.forEach((text, whose) -> notice.append("\n\n%s%n%s%n%n%s%n".formatted("-".repeat(100), String.join(", ", whose), text)));
    return notice.toString();
  }

  /** Native libraries lie beside the jars that they come from. */
  void addNatives(Map<Path, JsonObject> libraries) throws IOException {
    for (Path file : files("lib", ".so")) {
      String name = file.getFileName().toString();
      String owner = name.startsWith("librocksdbjni") ? "rocksdbjni" : name.startsWith("libio_grpc_netty") ? "grpc-netty-shaded" : name.equals("libjnidispatch.so") ? "jna" : null;
      JsonObject library = libraries.values().stream().filter(one -> one.get("name").getAsString().equals(owner)).findFirst().orElse(null);
      if (library == null) throw fail(file + " comes from no jar that Bundled.java knows");
      add(library, "file", installation.relativize(file).toString()).add("hashes", sha256(file));
    }
  }

  JsonObject runtime(Path file) throws IOException {
    Properties release = new Properties();
    try (var reader = Files.newBufferedReader(file)) {
      release.load(reader);
    }
    String version = word(release, "JAVA_RUNTIME_VERSION");
    JsonObject runtime = new JsonObject();
    runtime.addProperty("type", "platform");
    runtime.addProperty("bom-ref", "pkg:generic/openjdk@" + version.replace("+", "%2B"));
    runtime.addProperty("publisher", word(release, "IMPLEMENTOR"));
    runtime.addProperty("name", "openjdk");
    runtime.addProperty("version", version);
    runtime.addProperty("description", "Java runtime with the modules " + word(release, "MODULES"));
    runtime.add("hashes", sha256(installation.resolve("runtime/lib/modules")));
    runtime.add("licenses", licenses("GPL-2.0-only WITH Classpath-exception-2.0"));
    runtime.addProperty("cpe", "cpe:2.3:a:oracle:openjdk:%s:*:*:*:*:*:*:*".formatted(word(release, "JAVA_VERSION")));
    runtime.addProperty("purl", "pkg:generic/openjdk@" + version.replace("+", "%2B"));
    runtime.add("properties", property("metakey:file", "runtime/lib/modules"));
    named.add("openjdk %s%n    GPL-2.0-only WITH Classpath-exception-2.0, Copyright Oracle and/or its affiliates; built by %s".formatted(version, word(release, "IMPLEMENTOR")));
    return runtime;
  }

  /** Packages of the distribution that builds, each in /usr/share/doc with its own copyright. */
  void addPackages(JsonArray components, Path directory) throws IOException {
    Properties distribution = new Properties();
    try (var reader = Files.newBufferedReader(Path.of("/etc/os-release"))) {
      distribution.load(reader);
    }
    String id = word(distribution, "ID");
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.sorted().toList()) {
        Properties control = new Properties();
        Files.readAllLines(file).stream().filter(line -> line.matches("(Package|Version|Architecture): .*")).map(line -> line.split(": ", 2)).forEach(line -> control.put(line[0], line[1]));
        String version = word(control, "Version");
        JsonObject component = new JsonObject();
        component.addProperty("type", "library");
        component.addProperty("name", word(control, "Package"));
        component.addProperty("version", version);
        component.addProperty("purl", "pkg:deb/%s/%s@%s?arch=%s&distro=%s-%s".formatted(
            id, word(control, "Package").replace("+", "%2B"), version.replace("+", "%2B"), word(control, "Architecture"), id, word(distribution, "VERSION_ID")));
        components.add(component);
      }
    }
  }

  static String word(Properties release, String key) {
    return release.getProperty(key, "unknown").replace("\"", "");
  }

  List<Path> files(String directory, String suffix) throws IOException {
    try (Stream<Path> files = Files.walk(installation.resolve(directory))) {
      return files.filter(file -> file.toString().endsWith(suffix)).sorted().toList();
    }
  }

  static JsonObject add(JsonObject library, String type, String name) {
    if (!library.has("components")) library.add("components", new JsonArray());
    JsonObject component = new JsonObject();
    component.addProperty("type", type);
    component.addProperty("name", name);
    library.getAsJsonArray("components").add(component);
    return component;
  }

  static JsonArray property(String name, String value) {
    JsonObject property = new JsonObject();
    property.addProperty("name", name);
    property.addProperty("value", value);
    return array(property);
  }

  static JsonArray licenses(String expression) {
    JsonObject license = new JsonObject();
    license.addProperty("expression", expression);
    return array(license);
  }

  static JsonArray array(JsonObject one) {
    JsonArray array = new JsonArray();
    array.add(one);
    return array;
  }

  static JsonArray sha256(Path file) throws IOException {
    try {
      JsonObject hash = new JsonObject();
      hash.addProperty("alg", "SHA-256");
      hash.addProperty("content", HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file))));
      return array(hash);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  static IllegalStateException fail(String why) {
    System.err.println("package: " + why);
    System.exit(1);
    return new IllegalStateException(why);
  }
}
