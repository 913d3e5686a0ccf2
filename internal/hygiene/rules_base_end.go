package hygiene

import (
	"fmt"
	"strings"

	"plimsoll/internal/advisory"
)

// endOfLifeRule is about bases that nobody mends any more.
func endOfLifeRule() Rule {
	return Rule{
		ID: "base-end-of-life", Title: "the base image gets no more fixes", Severity: advisory.Medium, Category: Base,
		Why:    "Vulnerabilities that are found from now on stay in the image for good, and a scanner without advisories for the release finds few of them.",
		Remedy: "Move to a release that is still supported.",
		Source: "https://endoflife.date, and for each release what package distro and the table of runtimes name",
		Check: func(l *Lint) {
			if l.Now.IsZero() {
				return
			}
			eachBase(l, func(b baseRef) {
				if why := endOf(b, l); why != "" {
					l.At(b.from, b.place, "%s: %s", b.image, why)
				}
			})
		},
		Bad: []Sample{
			file("FROM debian:stretch\n"), file("FROM ubuntu:18.04\n"), file("FROM alpine:3.12\n"), file("FROM alpine:3.4\n"), file("FROM centos:7\n"),
			file("FROM centos:centos7.9.2009\n"), file("FROM python:3.8-slim-buster\n"), file("FROM python:3.12-slim-buster\n"), file("FROM node:16\n"),
			file("FROM golang:1.19-alpine\n"), file("FROM openjdk:11-jre-slim\n"), file("FROM php:7.4-apache\n"), file("FROM ruby:2.7\n"),
			file("FROM mcr.microsoft.com/dotnet/core/aspnet:3.1\n"), file("FROM gcr.io/distroless/base-debian10\n"), file("FROM nvidia/cuda:11.0-base-ubuntu18.04\n"),
			file("FROM quay.io/centos/centos:stream8\n"), file("FROM public.ecr.aws/docker/library/node:14\n"), file("FROM amazonlinux:2018.03\n"), file("FROM fedora:25\n"),
			file("ARG V=3.7\nFROM python:${V}-slim\n"), file("FROM registry.access.redhat.com/ubi7/ubi:7.9\n"), file("FROM ubuntu:bionic-20210930\n"),
		},
		Good: []Sample{
			file("FROM debian:trixie\n"), file("FROM debian:12-slim\n"), file("FROM ubuntu:24.04\n"), file("FROM alpine:3.23\n"), file("FROM python:3.13-slim-trixie\n"),
			file("FROM node:24\n"), file("FROM node:lts\n"), file("FROM golang:1.26\n"), file("FROM golang:1\n"), file("FROM python:3\n"), file("FROM eclipse-temurin:21-jre\n"),
			file("FROM acme/python:3.6\n"), file("FROM php:8.4\n"), file("FROM mcr.microsoft.com/dotnet/aspnet:10.0\n"), file("FROM gcr.io/distroless/static-debian12\n"),
			file("FROM docker.io/library/alpine:edge\n"), file("FROM rockylinux:9\n"), file("ARG V\nFROM python:$V\n"),
			file("FROM redis:7\n"), file("FROM acme/buster:1.0\n"), file("FROM ubi8/ubi:8.10\n"), file("FROM python:3.14rc1\n"),
		},
	}
}

// endOf says why a base gets no more fixes; empty where it does, or nothing is known.
func endOf(b baseRef, l *Lint) string {
	name := b.repository()
	if b.official() {
		if instead, ok := discontinued(name); ok {
			return "the image is no longer built; " + instead
		}
	}
	var why []string
	language := name
	if b.registry == "mcr.microsoft.com" && strings.HasPrefix(name, "dotnet/") {
		language = "dotnet"
	}
	if b.official() || language == "dotnet" {
		if release, day, ended := runtimeEnded(language, b.tag, l.Now); ended {
			why = append(why, fmt.Sprintf("%s has had no fixes since %s", release, day))
		}
	}
	if d := distributionOf(name, b.tag); d != nil {
		day, paid, ended := distributionEnd(d, l.Now)
		title := distributionTitle(d)
		switch {
		case !ended:
		case day == "":
			why = append(why, title+" ended years ago")
		case paid:
			why = append(why, fmt.Sprintf("%s has had no fixes without a subscription since %s", title, day))
		default:
			why = append(why, fmt.Sprintf("%s has had no fixes since %s", title, day))
		}
	}
	return strings.Join(why, ", ")
}
