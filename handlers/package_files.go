package handlers

import (
	"cmp"
	"slices"

	"github.com/labstack/echo/v4"

	"latchkey/internal/archive"
	"latchkey/internal/edge"
	"latchkey/internal/registry"
	"latchkey/views"
)

const (
	childrenPerPage = 500
	treeSiblings    = 100 // in each folder of the tree beside a file
)

// packageFiles shows a folder or a file of a version, of the latest one unless the address says which.
func (s *Server) packageFiles(c echo.Context) error {
	ctx, by, name := c.Request().Context(), actor(c), edge.PackageName(c)
	p, err := s.Packages.Page(ctx, by, name)
	if err != nil {
		return err
	}
	version, path := cmp.Or(c.Param("version"), p.Version), c.Param("*")
	files, err := s.Packages.Files(ctx, by, name, version)
	if err != nil {
		return err
	}
	if _, ok := files.Index.Find(path); ok {
		return s.packageFile(c, p, files, path)
	}
	all := files.Index.Folder(path)
	if len(all) == 0 && path != "" {
		return registry.ErrFileNotFound
	}
	from := min(int(number(c.QueryParam("from"))), len(all))
	page := views.PackageFolder{Package: p, Files: files, Path: path, From: from, Of: len(all), Earlier: -1, Next: -1}
	page.Children = all[from:min(from+childrenPerPage, len(all))]
	if from > 0 {
		page.Earlier = max(0, from-childrenPerPage)
	}
	if next := from + childrenPerPage; next < len(all) {
		page.Next = next
	}
	return s.render(c, page)
}

func (s *Server) packageFile(c echo.Context, p registry.Page, files registry.Files, path string) error {
	ctx := c.Request().Context()
	f, err := s.Packages.File(ctx, actor(c), p.Name, files.Version.Version, path)
	if err != nil {
		return err
	}
	page := views.PackageFile{Package: p, Version: files.Version.Version, File: f, Tree: tree(files.Index, path)}
	if f.Content != nil {
		page.Lines = s.sources.File(ctx, path, string(f.Content))
	}
	return s.render(c, page)
}

// tree lists the folders that lead to a file, each with what it holds, as far as there is room.
func tree(x *archive.Index, path string) (rows []views.TreeRow) {
	return branch(x, "", 0, append(archive.Parents(path), path))
}

// branch lists what is below a folder. way is what leads to the file: what is on it is always listed, and
// opened.
func branch(x *archive.Index, folder string, depth int, way []string) (rows []views.TreeRow) {
	left := treeSiblings
	for _, c := range x.Folder(folder) {
		onWay := slices.Contains(way, c.Path)
		if !onWay {
			if left--; left < 0 {
				continue
			}
		}
		rows = append(rows, views.TreeRow{Child: c, Depth: depth, Open: c.Folder && onWay})
		if c.Folder && onWay {
			rows = append(rows, branch(x, c.Path, depth+1, way)...)
		}
	}
	if left < 0 {
		rows = append(rows, views.TreeRow{Child: archive.Child{Path: folder}, Depth: depth, More: -left})
	}
	return rows
}
