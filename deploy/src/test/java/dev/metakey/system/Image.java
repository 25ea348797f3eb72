package dev.metakey.system;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;

/** The installation under test. */
record Image(Path root) {
  /** The one that the build assembled. */
  static Image built() {
    String named = System.getProperty("metakey.image");
    Path root = Path.of(named == null ? "deploy/target/metakey" : named).toAbsolutePath();
    if (!Files.isExecutable(root.resolve("bin/metakeyd"))) {
      throw new IllegalStateException("no image at " + root + "; `mvn package` makes it");
    }
    return new Image(root);
  }

  Path bin(String name) {
    return root.resolve("bin").resolve(name);
  }

  /**
   * A copy elsewhere, which every user may run. It cannot make archives of classes, as they would
   * cost one test more than they save.
   */
  Image copyTo(Path target) throws IOException {
    return copyTo(target, root.resolve("cache"), root.resolve("lib/metakeyd.classes"));
  }

  /** A copy with everything that is installed. */
  Image copyWholeTo(Path target) throws IOException {
    return copyTo(target, root.resolve("cache"));
  }

  private Image copyTo(Path target, Path... except) throws IOException {
    List<Path> leftOut = List.of(except);
    Files.walkFileTree(
        root,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
              throws IOException {
            if (leftOut.contains(directory)) {
              return FileVisitResult.SKIP_SUBTREE;
            }
            Files.createDirectories(target.resolve(root.relativize(directory)));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            if (leftOut.contains(file)) {
              return FileVisitResult.CONTINUE;
            }
            Path copy = Files.copy(file, target.resolve(root.relativize(file)));
            if (Files.isExecutable(file)) {
              Files.setPosixFilePermissions(copy, Files.getPosixFilePermissions(file));
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return new Image(target);
  }
}
